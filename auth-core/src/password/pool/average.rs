//! A mean that follows what it is of.

use std::time::Duration;

/// Of the last few, roughly: each that is seen moves it by one part in as many. Until
/// there were as many it is the mean of all, the first guess being one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Average {
    value: Duration,
    seen: u32,
    few: u32,
}

impl Average {
    /// Over the last `few`; `guess` is what it is before anything was seen.
    pub(super) const fn over(few: u32, guess: Duration) -> Self {
        Self {
            value: guess,
            seen: 1,
            few,
        }
    }

    pub(super) const fn get(&self) -> Duration {
        self.value
    }

    pub(super) fn see(&mut self, next: Duration) {
        self.seen = (self.seen + 1).min(self.few);
        let others = self.value.saturating_mul(self.seen - 1);
        self.value = others.saturating_add(next) / self.seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn it_is_the_mean_of_all_and_then_follows() {
        let mut average = Average::over(4, ms(10));
        average.see(ms(20));
        assert_eq!(average.get(), ms(15));
        average.see(ms(30));
        assert_eq!(average.get(), ms(20));
        average.see(ms(20));
        assert_eq!(average.get(), ms(20));
        average.see(ms(60));
        assert_eq!(average.get(), ms(30));
    }

    #[test]
    fn one_that_took_long_says_little() {
        let mut average = Average::over(32, ms(20));
        for _ in 0..31 {
            average.see(ms(20));
        }
        average.see(ms(84));
        assert_eq!(average.get(), ms(22));
    }
}
