//! Reverse-mode differentiation in Theano's own terms.
//!
//! The order in which terms are added is observable, because raw gradients are printed: it is
//! Theano 1.0.5's. Uses are recorded by a depth-first walk from the cost, operands in order; the
//! gradient of a node is the left fold of the terms of its uses in that order.

mod api;
mod error;
mod jacobian;
mod options;
mod products;
mod reverse;
mod subgraph;

pub use api::{Grads, grad, grads, grads_or};
pub use error::GradError;
pub use jacobian::{hessian, hessians, jacobian, jacobians};
pub use options::{
    Disconnected, GradOptions, Gradient, Gradients, NullGradients, ReturnDisconnected, gradients,
};
pub use products::{hessian_vector_product, pullback, pushforward};
pub use subgraph::{SubgraphGrads, subgraph_grad, subgraph_grads};
