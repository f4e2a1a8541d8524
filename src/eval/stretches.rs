//! Stretches of rows: the parts of steps in bands that threads share out.
//!
//! Lengths alone say where a stretch ends, and sums over rows are made for each stretch and then added in their
//! order, on one thread as on many: so no bit depends on how many threads there are.

use smallvec::SmallVec;

use super::backend::Backend;
use super::banded::{Band, end_of};
use super::bands::{Along, Bands};
use super::cell::{Cell, Format, Memory, Registers, SliceMut};
use super::error::RunError;
use super::layout::Layout;
use super::pass::Decided;
use super::plan::{Dest, FoldSpec, Plan, Step};
use super::reduce::join;
use super::step::{Bound, Call};
use crate::math::Element as _;
use crate::threads::{self, Threads};

/// Stretches of a call, at most.
const MOST: usize = 16;

/// Memory of bands, kept from call to call by thread.
pub(super) type Spare = Vec<Memory<'static>>;

/// Steps in bands of so many rows; are bands cut at nodes of a tree?
#[derive(Clone, Copy)]
struct Banded<'b> {
    bands: &'b Bands,
    height: usize,
    tree: bool,
    backend: &'b dyn Backend,
    pass: Option<&'b Decided>,
}

/// Rows that one thread goes through band by band, and what it makes of them.
struct Stretch<'s> {
    rows: (usize, usize),
    memory: SmallVec<[Memory<'s>; 6]>,
    /// Reductions to one number, band by band.
    numbers: Vec<f64>,
    result: Result<(), RunError>,
}

/// Where stretches end.
fn ends(rows: usize, height: usize, tree: bool) -> SmallVec<[usize; MOST]> {
    let bands = rows.div_ceil(height);
    let long = bands.div_ceil(MOST).max(1) * height;
    let mut ends = SmallVec::new();
    let mut end = 0;
    while end < rows {
        end = end_of(end, long, rows, tree);
        ends.push(end);
    }
    ends
}

impl Bands {
    /// Sums over rows: their buffers, and how partial ones join; products add.
    pub(super) fn sums(&self) -> SmallVec<[(u32, Option<&FoldSpec>); 4]> {
        let mut sums = SmallVec::new();
        for step in &self.steps {
            match step {
                Step::Fused(f) => {
                    for fold in &f.folds {
                        if let (Some(Along::Sum), Dest::Buffer(b)) =
                            (Along::of(fold, f.space.len()), fold.out)
                        {
                            sums.push((b, Some(fold)));
                        }
                    }
                }
                Step::Dot { a, out: Dest::Buffer(b), .. } if a.dims.len() == 1 => sums.push((*b, None)),
                _ => {}
            }
        }
        sums
    }
}

/// Threads take stretches as they come; each has registers and memory of its own.
fn share(
    stretches: &mut [Stretch<'_>],
    threads: usize,
    registers: &mut Vec<Registers>,
    spares: &mut Vec<Spare>,
    run: &(dyn Fn(&mut Stretch<'_>, &mut Registers, &mut Spare) + Sync),
) {
    let threads = threads.min(stretches.len()).max(1);
    registers.resize_with(registers.len().max(threads), Registers::default);
    spares.resize_with(spares.len().max(threads), Spare::default);
    let own = registers.iter_mut().zip(spares).take(threads);
    let mut own: SmallVec<[(&mut Registers, &mut Spare); 8]> = own.collect();
    threads::share(stretches, &mut own, &|stretch, (registers, spare)| run(stretch, registers, spare));
}

/// What all parts of a call read: plan, inputs, lengths, layouts, scalars.
type Fresh<'c, 'i> = (&'c Plan, &'c [Bound<'i>], &'c [usize], &'c [Layout], &'c [f64]);

impl Stretch<'_> {
    /// Does its bands, with registers and memory of a thread.
    fn run(
        &mut self,
        banded: Banded<'_>,
        places: &Places<'_>,
        (plan, inputs, lengths, layouts, scalars): Fresh<'_, '_>,
        registers: &mut Registers,
        spare: &mut Spare,
    ) {
        spare.resize_with(spare.len().max(places.written.len()), Memory::default);
        let mut memory = std::mem::take(&mut self.memory);
        for &(at, format) in &places.local {
            let kept = std::mem::take(&mut spare[at]);
            memory[at] = if kept.format() == format { kept } else { Memory::own(format) };
        }
        let mut own = vec![std::mem::take(registers)];
        let (scalars, spares) = (&mut scalars.to_vec(), &mut Vec::new());
        let mut call =
            Call { plan, inputs, lengths, layouts, memory, scalars, threads: Threads::ONE, spares };
        self.result = call.stretch(banded, self.rows, &mut own, &mut self.numbers);
        self.memory = call.memory;
        *registers = own.pop().unwrap_or_default();
        for &(at, _) in &places.local {
            if let Some(kept) = std::mem::take(&mut self.memory[at]).kept() {
                spare[at] = kept;
            }
        }
    }
}

/// Adds a partial sum to what comes before it.
fn add(sum: &mut Memory<'_>, part: &mut Memory<'_>, spec: Option<&FoldSpec>) {
    fn all<T: Cell>(sum: &mut [T], part: &mut [T], spec: Option<&FoldSpec>) {
        match spec {
            Some(spec) => {
                let two = T::two(&spec.step);
                let mut before = [T::default(); 256];
                for (sum, part) in sum.chunks_mut(256).zip(part.chunks(256)) {
                    let before = &mut before[..sum.len()];
                    before.copy_from_slice(sum);
                    two(before, part, sum);
                }
            }
            None => sum.iter_mut().zip(part).for_each(|(s, &mut x)| *s += x),
        }
    }
    match (sum.get_mut(), part.get_mut()) {
        (SliceMut::F64(s), SliceMut::F64(p)) => all(s, p, spec),
        (SliceMut::F32(s), SliceMut::F32(p)) => all(s, p, spec),
        // Loops and products compute floats.
        _ => {}
    }
}

/// Where steps in bands write.
struct Places<'b> {
    /// Results for rows: buffer and piece of memory.
    results: SmallVec<[(u32, usize); 4]>,
    /// Those that hold a band, and in which format.
    local: SmallVec<[(usize, Format); 8]>,
    /// Sums over rows, and how partial ones join.
    sums: SmallVec<[(u32, usize, Option<&'b FoldSpec>); 4]>,
    /// Is a piece of memory one of these?
    written: SmallVec<[bool; 12]>,
}

impl<'b> Places<'b> {
    fn new(b: &'b Bands, plan: &Plan, pieces: usize) -> Places<'b> {
        let place = |buffer: u32| plan.buffers[buffer as usize].memory as usize;
        let format = |buffer: u32| plan.buffers[buffer as usize].format;
        let (local, results): (SmallVec<[u32; 8]>, SmallVec<[u32; 8]>) =
            b.by_rows.iter().copied().partition(|&k| b.is_local(k));
        let sums = b.sums();
        let mut written: SmallVec<[bool; 12]> = SmallVec::from_elem(false, pieces);
        b.by_rows.iter().chain(sums.iter().map(|(k, _)| k)).for_each(|&k| written[place(k)] = true);
        Places {
            results: results.into_iter().map(|k| (k, place(k))).collect(),
            local: local.into_iter().map(|k| (place(k), format(k))).collect(),
            sums: sums.into_iter().map(|(k, spec)| (k, place(k), spec)).collect(),
            written,
        }
    }
}

impl<'a> Call<'_, '_, 'a> {
    /// Steps in bands of rows, by several threads where the call may use them.
    pub(super) fn bands(
        &mut self,
        b: &Bands,
        backend: &dyn Backend,
        registers: &mut Vec<Registers>,
    ) -> Result<(), RunError> {
        let Some(height) = self.band_height(b) else {
            return b.steps.iter().try_for_each(|s| self.step(s, backend, registers));
        };
        let rows = self.lengths[b.rows as usize];
        let whole = b.whole();
        let pass = self.pass(b, backend);
        let banded = Banded { bands: b, height, tree: !whole.is_empty(), backend, pass: pass.as_ref() };
        let places = Places::new(b, self.plan, self.memory.len());
        let mut taken: SmallVec<[(u32, Memory<'a>); 4]> = SmallVec::new();
        for &(k, _) in &places.results {
            taken.push((k, self.take(Dest::Buffer(k), Format::F64)?.0));
        }
        let mut spares = std::mem::take(self.spares);
        let mut stretches = self.cut(&places, &mut taken, &ends(rows, height, banded.tree));
        // The sums of stretches have the memory of a call before: behind that of the threads.
        let threads = self.threads.count();
        spares.resize_with(spares.len().max(threads + stretches.len()), Spare::default);
        for (stretch, spare) in stretches.iter_mut().zip(&mut spares[threads..]) {
            for (&(_, at, _), kept) in places.sums.iter().zip(spare.drain(..)) {
                if kept.format() == stretch.memory[at].format() {
                    stretch.memory[at] = kept;
                }
            }
        }
        let fresh = (self.plan, self.inputs, self.lengths, self.layouts, &*self.scalars);
        let mut result = Ok(());
        share(&mut stretches, threads, registers, &mut spares, &|stretch, registers, spare| {
            stretch.run(banded, &places, fresh, registers, spare);
        });
        let mut numbers: Vec<f64> = Vec::new();
        let count = stretches.len();
        for (Stretch { mut memory, numbers: some, result: done, .. }, spare) in
            stretches.into_iter().zip(&mut spares[threads..])
        {
            result = result.and(done);
            numbers.extend(some);
            spare.extend(places.sums.iter().filter_map(|&(_, at, _)| std::mem::take(&mut memory[at]).kept()));
        }
        for (k, memory) in taken {
            self.put(Dest::Buffer(k), memory);
        }
        result?;
        for (i, &(k, _, spec)) in places.sums.iter().enumerate() {
            let mut parts = spares[threads..].iter_mut().take(count).filter_map(|p| p.get_mut(i));
            let (mut sum, _) = self.take(Dest::Buffer(k), Format::F64)?;
            if let Some(first) = parts.next() {
                sum.copy_from(first.get());
            }
            parts.for_each(|part| add(&mut sum, part, spec));
            self.put(Dest::Buffer(k), sum);
        }
        *self.spares = spares;
        let even = rows.is_multiple_of(height);
        for (k, (spec, format)) in whole.iter().enumerate() {
            let parts: Vec<f64> = numbers.iter().skip(k).step_by(whole.len()).copied().collect();
            let x = match format {
                Format::F32 => join(spec, parts.iter().map(|&x| f32::of(x)), even).wide(),
                _ => join(spec, parts.iter().copied(), even),
            };
            if let Dest::Scalar(slot) = spec.out {
                self.scalars[slot as usize] = x;
            }
        }
        Ok(())
    }

    /// The stretches that end at `ends`, each with its rows of what was taken.
    fn cut<'s>(
        &'s self,
        places: &Places<'_>,
        taken: &'s mut [(u32, Memory<'a>)],
        ends: &[usize],
    ) -> Vec<Stretch<'s>> {
        let row = |k: u32| -> usize {
            self.plan.buffers[k as usize].dims[1..].iter().map(|&d| self.lengths[d as usize]).product()
        };
        let mut rest: SmallVec<[(SliceMut<'s>, usize); 4]> =
            taken.iter_mut().map(|(k, memory)| (memory.get_mut(), row(*k))).collect();
        let mut start = 0;
        let cut = |&end: &usize| {
            let all = self.memory.iter().zip(&places.written);
            let mut memory: SmallVec<[Memory<'s>; 6]> = all
                .map(|(m, &written)| if written { Memory::own(m.format()) } else { Memory::read(m.get()) })
                .collect();
            for ((rest, row), &(_, at)) in rest.iter_mut().zip(&places.results) {
                memory[at] = Memory::out(rest.take((end - start) * *row));
            }
            let rows = (start, end);
            start = end;
            Stretch { rows, memory, numbers: Vec::new(), result: Ok(()) }
        };
        ends.iter().map(cut).collect()
    }

    /// The bands of a stretch, one after the other.
    fn stretch(
        &mut self,
        Banded { bands, height, tree, backend, pass }: Banded<'_>,
        rows: (usize, usize),
        registers: &mut Vec<Registers>,
        numbers: &mut Vec<f64>,
    ) -> Result<(), RunError> {
        if let Some(pass) = pass
            && self.pass_stretch(bands, pass, rows, &mut registers[0])?
        {
            return Ok(());
        }
        let mut start = rows.0;
        while start < rows.1 {
            let band = Band { start, end: end_of(start, height, rows.1, tree), stretch: rows };
            self.band(bands, band, backend, registers, numbers)?;
            start = band.end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No band is higher than half as much again.
    #[test]
    fn bands_are_as_high_as_they_should_be() {
        for rows in 1..500 {
            for height in [8, 16, 64, 100, 1000] {
                let mut start = 0;
                while start < rows {
                    let end = end_of(start, height, rows, false);
                    assert!(end > start && end - start <= height + height / 2, "{start}..{end} of {rows}");
                    start = end;
                }
            }
        }
    }

    /// All rows lie in one stretch, few stretches hold them, and each begins where a band would.
    #[test]
    fn stretches_end_where_bands_do() {
        for rows in (1..3000).chain([40_001, 1_000_003]) {
            for (height, tree) in [(8, false), (64, false), (64, true), (1000, false), (1024, true)] {
                let ends = ends(rows, height, tree);
                assert_eq!(ends.last(), Some(&rows));
                assert!(ends.len() <= MOST, "{rows} rows, {height} high: {ends:?}");
                let (last, inner) = ends.split_last().unwrap_or((&0, &[]));
                assert!(
                    inner.iter().all(|e| e % height == 0 && e < last),
                    "{rows} rows, {height} high: {ends:?}"
                );
                assert!(inner.is_sorted_by(|a, b| a < b), "{ends:?}");
            }
        }
    }
}
