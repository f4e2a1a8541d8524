//! What an equation takes for granted, in LLVM's words, and what a user grants.

use std::fmt;

/// A set of assumptions. None means equal bit for bit, NaN, infinities and -0.0 included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Assumes(u8);

impl Assumes {
    /// Nothing.
    pub const NONE: Assumes = Assumes(0);
    /// Equal over the reals; rounding, overflow and underflow may differ.
    pub const REASSOC: Assumes = Assumes(1);
    /// The sign of a zero does not matter.
    pub const NSZ: Assumes = Assumes(2);
    /// No operand and no intermediate result is NaN.
    pub const NNAN: Assumes = Assumes(4);
    /// No operand and no intermediate result is infinite.
    pub const NINF: Assumes = Assumes(8);
    /// The right side may be defined where the left is not.
    pub const DOMAIN: Assumes = Assumes(16);

    /// Every word with its assumption.
    pub const WORDS: [(&'static str, Assumes); 5] = [
        ("reassoc", Assumes::REASSOC),
        ("nsz", Assumes::NSZ),
        ("nnan", Assumes::NNAN),
        ("ninf", Assumes::NINF),
        ("domain", Assumes::DOMAIN),
    ];

    /// The assumption that a word names.
    pub fn by_name(word: &str) -> Option<Assumes> {
        Self::WORDS.iter().find(|(w, _)| *w == word).map(|(_, a)| *a)
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Assumes) -> Assumes {
        Assumes(self.0 | other.0)
    }

    /// Is every assumption of this set in `granted`?
    pub const fn within(self, granted: Assumes) -> bool {
        self.0 & !granted.0 == 0
    }

    /// Does this set contain all of `other`?
    pub const fn has(self, other: Assumes) -> bool {
        other.within(self)
    }
}

impl fmt::Display for Assumes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = Self::WORDS.iter().filter(|(_, a)| self.has(*a)).map(|(w, _)| *w).collect();
        f.write_str(&words.join(" "))
    }
}

/// What a user grants to the optimizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// The same bits, only less work.
    Ieee,
    /// Equal over the reals; where the original is NaN or infinite, so is the result.
    Strict,
    /// Equal over the reals wherever the original is defined.
    #[default]
    Real,
}

impl Profile {
    /// Every profile with its name, from the loosest to the strictest.
    pub const ALL: [(Profile, &'static str); 3] =
        [(Profile::Real, "real"), (Profile::Strict, "strict"), (Profile::Ieee, "ieee")];

    /// The profile called `name`.
    pub fn by_name(name: &str) -> Option<Profile> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(p, _)| *p)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(p, _)| *p == self).map_or("", |(_, n)| n)
    }

    /// The assumptions that it grants.
    pub const fn grants(self) -> Assumes {
        match self {
            Profile::Ieee => Assumes::NONE,
            Profile::Strict => Assumes::REASSOC.with(Assumes::NSZ),
            Profile::Real => Assumes::REASSOC
                .with(Assumes::NSZ)
                .with(Assumes::NNAN)
                .with(Assumes::NINF)
                .with(Assumes::DOMAIN),
        }
    }

    /// The next stricter one.
    pub const fn stricter(self) -> Option<Profile> {
        match self {
            Profile::Real => Some(Profile::Strict),
            Profile::Strict => Some(Profile::Ieee),
            Profile::Ieee => None,
        }
    }
}
