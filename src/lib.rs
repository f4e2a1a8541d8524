//! Symbolic gradients, simplified by equality saturation and run as fused loops.

pub mod extract;
