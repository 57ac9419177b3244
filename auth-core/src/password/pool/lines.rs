//! Who waits: a line for each network, served in turn, and the places that are
//! kept in it.

use std::collections::{HashMap, VecDeque};

use crate::network::Network;

/// One line for each network that has something waiting, or a place kept. The
/// lines are served one after the other, a job of each at a time.
pub(super) struct Lines<T> {
    by_network: HashMap<Network, Line<T>>,
    turns: VecDeque<Network>,
    waiting: usize,
    kept: usize,
}

struct Line<T> {
    waiting: VecDeque<T>,
    /// Places for what will come.
    kept: usize,
}

impl<T> Line<T> {
    const NEW: Self = Self {
        waiting: VecDeque::new(),
        kept: 0,
    };

    fn len(&self) -> usize {
        self.waiting.len() + self.kept
    }
}

impl<T> Lines<T> {
    pub(super) fn new() -> Self {
        Self {
            by_network: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
            kept: 0,
        }
    }

    /// How many wait, in all lines.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many wait or will, in all lines.
    pub(super) const fn len(&self) -> usize {
        self.waiting + self.kept
    }

    /// Keeps a place; [`release`](Self::release) must follow.
    pub(super) fn keep(&mut self, network: Network) {
        self.by_network.entry(network).or_insert(Line::NEW).kept += 1;
        self.kept += 1;
    }

    /// Gives a kept place up.
    pub(super) fn release(&mut self, network: Network) {
        if let Some(line) = self.by_network.get_mut(&network) {
            line.kept -= 1;
            self.kept -= 1;
            self.forget_if_empty(network);
        }
    }

    /// At the end of its network's line.
    pub(super) fn push(&mut self, network: Network, item: T) {
        let line = self.by_network.entry(network).or_insert(Line::NEW);
        if line.waiting.is_empty() {
            self.turns.push_back(network);
        }
        line.waiting.push_back(item);
        self.waiting += 1;
    }

    /// The first of the line whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let network = self.turns.pop_front()?;
        let line = self.by_network.get_mut(&network)?;
        let item = line.waiting.pop_front()?;
        self.waiting -= 1;
        if line.waiting.is_empty() {
            self.forget_if_empty(network);
        } else {
            self.turns.push_back(network);
        }
        Some(item)
    }

    /// How many come before one that `network` adds now, at most.
    pub(super) fn before(&self, network: Network) -> usize {
        let own = self.by_network.get(&network).map_or(0, Line::len);
        self.by_network
            .iter()
            .map(|(&other, line)| {
                if other == network {
                    own
                } else {
                    line.len().min(own + 1)
                }
            })
            .sum()
    }

    /// The line of which the last is served after all others; `newcomer`'s, if
    /// there are several. None while that is a place that is kept: it gives way
    /// when it is taken.
    pub(super) fn longest(&self, newcomer: Network) -> Option<(Network, &T)> {
        self.by_network
            .iter()
            .max_by_key(|(network, line)| (line.len(), **network == newcomer))
            .and_then(|(&network, line)| Some((network, line.waiting.back()?)))
    }

    /// Takes the last of a line away.
    pub(super) fn pop_last(&mut self, network: Network) -> Option<T> {
        let line = self.by_network.get_mut(&network)?;
        let item = line.waiting.pop_back()?;
        self.waiting -= 1;
        if line.waiting.is_empty() {
            self.turns.retain(|&turn| turn != network);
            self.forget_if_empty(network);
        }
        Some(item)
    }

    /// Takes away all that `is_stale`; what stays keeps its order.
    pub(super) fn sweep(&mut self, is_stale: impl Fn(&T) -> bool) -> Vec<T> {
        let mut out = Vec::new();
        for line in self.by_network.values_mut() {
            // Once round.
            for _ in 0..line.waiting.len() {
                match line.waiting.pop_front() {
                    Some(item) if is_stale(&item) => out.push(item),
                    item => line.waiting.extend(item),
                }
            }
        }
        self.waiting -= out.len();
        let lines = &mut self.by_network;
        self.turns
            .retain(|turn| lines.get(turn).is_some_and(|line| !line.waiting.is_empty()));
        lines.retain(|_, line| line.len() > 0);
        out
    }

    /// Takes everything away.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.sweep(|_| true)
    }

    fn forget_if_empty(&mut self, network: Network) {
        if self
            .by_network
            .get(&network)
            .is_some_and(|line| line.len() == 0)
        {
            self.by_network.remove(&network);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn network(number: u8) -> Network {
        Network::of(IpAddr::from([10, 0, number, 1]))
    }

    fn lines(items: &[(u8, u32)]) -> Lines<u32> {
        let mut lines = Lines::new();
        for &(number, item) in items {
            lines.push(network(number), item);
        }
        lines
    }

    fn order(mut lines: Lines<u32>) -> Vec<u32> {
        let order: Vec<_> = std::iter::from_fn(|| lines.pop()).collect();
        assert_eq!(lines.len(), 0);
        assert!(lines.turns.is_empty() && lines.by_network.is_empty());
        order
    }

    const FLOOD: &[(u8, u32)] = &[
        (1, 10),
        (1, 11),
        (1, 12),
        (1, 13),
        (2, 20),
        (3, 30),
        (2, 21),
    ];

    #[test]
    fn c84_networks_are_served_in_turn() {
        assert_eq!(order(lines(FLOOD)), [10, 20, 30, 11, 21, 12, 13]);
    }

    #[test]
    fn c84_what_comes_before_a_newcomer_is_known() {
        let lines = lines(FLOOD);
        // One of each line; two of the first, two of the second and one; all.
        assert_eq!([4, 3, 2, 1].map(|n| lines.before(network(n))), [3, 5, 6, 7]);
    }

    #[test]
    fn c84_the_longest_line_gives_way_and_among_equals_the_newcomer() {
        let mut lines = lines(FLOOD);
        assert_eq!(lines.longest(network(2)), Some((network(1), &13)));
        assert_eq!(lines.pop_last(network(1)), Some(13));
        assert_eq!(lines.pop_last(network(1)), Some(12));
        assert_eq!(lines.longest(network(2)), Some((network(2), &21)));
        assert_eq!(lines.longest(network(1)), Some((network(1), &11)));
        assert_eq!(lines.pop_last(network(3)), Some(30));
        assert_eq!(order(lines), [10, 20, 11, 21]);
    }

    #[test]
    fn c84_a_kept_place_counts_as_one_that_waits_until_it_is_given_up() {
        let mut lines = lines(FLOOD);
        lines.keep(network(3));
        lines.keep(network(4));
        // One of each line; three of the first, two of the second and the third, one of the fourth.
        assert_eq!([5, 3].map(|n| lines.before(network(n))), [4, 8]);
        assert_eq!((lines.waiting(), lines.len()), (7, 9));
        assert_eq!(lines.longest(network(4)), Some((network(1), &13)));
        // Nothing of the fourth waits that could give way, and nobody else has to.
        for _ in 0..3 {
            lines.keep(network(4));
        }
        assert_eq!(lines.longest(network(4)), None);
        for place in [3, 4, 4, 4, 4] {
            lines.release(network(place));
        }
        assert_eq!(lines.len(), 7);
        assert_eq!(order(lines), [10, 20, 30, 11, 21, 12, 13]);
    }

    #[test]
    fn what_is_stale_is_taken_away_and_the_rest_keeps_its_order() {
        let mut lines = lines(FLOOD);
        let mut stale = lines.sweep(|item| [10, 13, 30].contains(item));
        stale.sort_unstable();
        assert_eq!((stale, lines.len()), (vec![10, 13, 30], 4));
        assert_eq!(order(lines), [11, 20, 12, 21]);
    }
}
