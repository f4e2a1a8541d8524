//! The words of rule files, each held once.

use std::sync::Arc;

use rustc_hash::FxHashSet;

/// Words of one kind.
#[derive(Debug, Default)]
pub(super) struct Words(FxHashSet<Arc<str>>);

impl Words {
    /// A word that was read before.
    pub(super) fn known(&self, word: &str) -> Option<Arc<str>> {
        self.0.get(word).cloned()
    }

    /// A word.
    pub(super) fn word(&mut self, word: &str) -> Arc<str> {
        self.known(word).unwrap_or_else(|| {
            let word: Arc<str> = word.into();
            self.0.insert(word.clone());
            word
        })
    }
}

/// The words of rules.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Names of rules, as files give them.
    pub(super) names: Words,
    /// Names of variables.
    pub(super) variables: Words,
    /// Tags, spelled as they should be.
    pub(super) tags: Words,
}
