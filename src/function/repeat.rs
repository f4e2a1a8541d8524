//! Calls that repeat: from the second with the same lengths on, what is done is decided ahead.

use std::sync::Mutex;

use ndarray::{ArrayViewD, ArrayViewMutD};

use crate::eval::{Backend, Plan, Ready, Scratch};
use crate::expr::Expr;
use crate::ty::DType;

/// What is known of earlier calls. Where two threads call at once, one goes the long way.
#[derive(Debug)]
pub(super) struct Repeat {
    /// Are all inputs doubles? Others have values to check in every call.
    eligible: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Lengths of the last call that went the long way, and whether it was tried to decide it ahead.
    last: Vec<Vec<usize>>,
    tried: bool,
    ready: Option<Box<dyn Ready>>,
}

impl Repeat {
    pub(super) fn new(inputs: &[Expr]) -> Repeat {
        Repeat {
            eligible: inputs.iter().all(|e| e.ty().dtype == DType::F64),
            state: Mutex::new(State::default()),
        }
    }

    /// Makes the call if it is decided; false if not.
    pub(super) fn run(&self, args: &[ArrayViewD<'_, f64>], outputs: &mut [ArrayViewMutD<'_, f64>]) -> bool {
        let Ok(mut state) = self.state.try_lock() else { return false };
        state.ready.as_mut().is_some_and(|ready| ready.run(args, outputs))
    }

    /// Notes a call that went the long way and left `scratch`.
    pub(super) fn observe(
        &self,
        plan: &Plan,
        backend: &dyn Backend,
        args: &[ArrayViewD<'_, f64>],
        scratch: &Scratch,
    ) {
        if !self.eligible {
            return;
        }
        let Ok(mut state) = self.state.try_lock() else { return };
        let again =
            state.last.len() == args.len() && state.last.iter().zip(args).all(|(s, x)| s == x.shape());
        if !again {
            state.last.clear();
            state.last.extend(args.iter().map(|x| x.shape().to_vec()));
            state.tried = false;
        } else if !state.tried {
            state.tried = true;
            state.ready = backend.decide(plan, args, scratch);
        }
    }
}
