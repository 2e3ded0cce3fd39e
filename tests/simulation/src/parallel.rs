//! The same work for many numbers, on a few threads; each keeps what it found to itself.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Does the work for all numbers below a count, and gives what each thread found. `false` from the
/// work ends it for all threads.
pub fn run<T: Default + Send>(
    threads: usize,
    count: usize,
    work: impl Fn(&mut T, usize) -> bool + Sync,
) -> Vec<T> {
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let one = || {
            let mut found = T::default();
            while !is_over.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    break;
                }
                if !work(&mut found, number) {
                    is_over.store(true, Ordering::Relaxed);
                }
            }
            found
        };
        let all: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(one)).collect();
        all.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}
