//! A list of classes, each after its children, in which a few can be moved without touching the rest.

use crate::extract::rng::Rng;

/// A linked list with labels: comparing two positions is comparing two numbers.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    label: Vec<u64>,
    next: Vec<u32>,
    prev: Vec<u32>,
}

impl Order {
    /// The list 0, 1, 2, ...
    pub(crate) fn new(len: usize) -> Self {
        let mut order = Order { label: vec![0; len + 1], next: vec![0; len + 1], prev: vec![0; len + 1] };
        order.link(0..len as u32);
        order.relabel();
        order
    }

    pub(crate) fn rebuild(&mut self, sequence: &[u32]) {
        self.link(sequence.iter().copied());
        self.relabel();
    }

    /// The entry past the last class is the head of the ring.
    fn link(&mut self, sequence: impl Iterator<Item = u32>) {
        let head = self.next.len() as u32 - 1;
        let mut last = head;
        for c in sequence {
            self.next[last as usize] = c;
            self.prev[c as usize] = last;
            last = c;
        }
        self.next[last as usize] = head;
        self.prev[head as usize] = last;
    }

    fn relabel(&mut self) {
        let head = self.next.len() - 1;
        let step = (1_u64 << 62) / (head as u64 + 2);
        let (mut label, mut c) = (0, self.next[head] as usize);
        self.label[head] = 0;
        while c != head {
            label += step;
            self.label[c] = label;
            c = self.next[c] as usize;
        }
    }

    #[inline]
    pub(crate) fn label(&self, class: u32) -> u64 {
        self.label[class as usize]
    }

    /// The classes, first to last.
    pub(crate) fn write_to(&self, out: &mut Vec<u32>) {
        out.clear();
        let head = self.next.len() as u32 - 1;
        let mut c = self.next[head as usize];
        while c != head {
            out.push(c);
            c = self.next[c as usize];
        }
    }

    /// Moves classes, all of them now after `class`, to just before it, in the order they have.
    pub(crate) fn move_before(&mut self, moved: &mut [u32], class: u32) {
        moved.sort_unstable_by_key(|&c| self.label[c as usize]);
        for &m in moved.iter() {
            let (p, n) = (self.prev[m as usize], self.next[m as usize]);
            self.next[p as usize] = n;
            self.prev[n as usize] = p;
        }
        let mut last = self.prev[class as usize];
        let gap = self.label[class as usize] - self.label[last as usize];
        let step = gap / (moved.len() as u64 + 1);
        let mut label = self.label[last as usize];
        for &m in moved.iter() {
            self.next[last as usize] = m;
            self.prev[m as usize] = last;
            label += step;
            self.label[m as usize] = label;
            last = m;
        }
        self.next[last as usize] = class;
        self.prev[class as usize] = last;
        if step == 0 {
            self.relabel();
        }
    }
}

/// Puts a list in a random order.
pub(crate) fn shuffle(list: &mut [u32], rng: &mut Rng) {
    for i in (1..list.len()).rev() {
        list.swap(i, rng.below(i + 1));
    }
}
