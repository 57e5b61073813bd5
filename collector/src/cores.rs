//! The same done to each of a list, on all cores.

use std::{
    num::NonZero,
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, ScopedJoinHandle},
};

/// What `each` makes of each, in the order of the list. Whoever is free takes the next one.
pub(crate) fn on_all_cores<T: Sync, R: Send>(list: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || -> Vec<(usize, R)> {
        let taken = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        taken.map_while(|at| Some((at, each(list.get(at)?)))).collect()
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(list.len());
    let mut made: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let made = workers.into_iter().map(ScopedJoinHandle::join);
        made.flat_map(|made| made.unwrap_or_else(|problem| panic::resume_unwind(problem))).collect()
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_stands_in_the_order_of_the_list() {
        let list: Vec<usize> = (0..1_000).collect();
        assert_eq!(on_all_cores(&list, |number| number * 2), (0..2_000).step_by(2).collect::<Vec<_>>());
        assert!(on_all_cores(&[], |number: &usize| *number).is_empty());
    }
}
