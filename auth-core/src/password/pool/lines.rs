//! Who waits: a line for each network, served in turn.

use std::collections::{HashMap, VecDeque};

use crate::network::Network;

/// One line for each network that has something waiting; none is empty. They
/// are served one after the other, one of each at a time.
pub(super) struct Lines<T> {
    by_network: HashMap<Network, VecDeque<T>>,
    turns: VecDeque<Network>,
    /// How many lines are longer than 0, than 1, and so on: those that are served in
    /// the first round, in the second, and so on.
    rounds: Vec<usize>,
    len: usize,
}

impl<T> Lines<T> {
    pub(super) fn new() -> Self {
        Self {
            by_network: HashMap::new(),
            turns: VecDeque::new(),
            rounds: Vec::new(),
            len: 0,
        }
    }

    /// How many wait, in all lines.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// At the end of its network's line.
    pub(super) fn push(&mut self, network: Network, item: T) {
        let line = self.by_network.entry(network).or_default();
        if line.is_empty() {
            self.turns.push_back(network);
        }
        if self.rounds.len() == line.len() {
            self.rounds.push(0);
        }
        self.rounds[line.len()] += 1;
        self.len += 1;
        line.push_back(item);
    }

    /// The first of the line whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        self.pop_where(|_| true)
    }

    /// The first that `is_wanted`, of the first line in turn that has one. That was
    /// its turn; those before it keep theirs.
    pub(super) fn pop_where(&mut self, is_wanted: impl Fn(&T) -> bool) -> Option<T> {
        let lines = &self.by_network;
        let (turn, at) = (self.turns.iter().enumerate()).find_map(|(turn, network)| {
            let at = lines.get(network)?.iter().position(&is_wanted)?;
            Some((turn, at))
        })?;
        let network = self.turns.remove(turn)?;
        let item = self.remove(network, at);
        if self.by_network.contains_key(&network) {
            self.turns.push_back(network);
        }
        item
    }

    /// How many come before one that `network` adds now, at most.
    pub(super) fn before(&self, network: Network) -> usize {
        let own = self.by_network.get(&network).map_or(0, VecDeque::len);
        self.rounds.iter().take(own + 1).sum()
    }

    /// All that wait.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.by_network.values().flatten()
    }

    /// The line of which the last is served after all others, and that last;
    /// `newcomer`'s line, if there are several.
    pub(super) fn longest(&self, newcomer: Network) -> Option<(Network, &T)> {
        self.by_network
            .iter()
            .max_by_key(|(network, line)| (line.len(), **network == newcomer))
            .and_then(|(&network, line)| Some((network, line.back()?)))
    }

    /// Takes the last of a line away.
    pub(super) fn pop_last(&mut self, network: Network) -> Option<T> {
        let last = self.by_network.get(&network)?.len().checked_sub(1)?;
        let item = self.remove(network, last);
        if !self.by_network.contains_key(&network) {
            self.turns.retain(|&turn| turn != network);
        }
        item
    }

    /// Takes away all that `is_stale`; what stays keeps its order.
    pub(super) fn sweep(&mut self, is_stale: impl Fn(&T) -> bool) -> Vec<T> {
        let mut out = Vec::new();
        for line in self.by_network.values_mut() {
            // Once round.
            for _ in 0..line.len() {
                match line.pop_front() {
                    Some(item) if is_stale(&item) => {
                        out.push(item);
                        self.len -= 1;
                        // Whoever leaves, it is the line's last round that is lost.
                        self.rounds[line.len()] -= 1;
                    }
                    item => line.extend(item),
                }
            }
        }
        let lines = &mut self.by_network;
        lines.retain(|_, line| !line.is_empty());
        self.turns.retain(|turn| lines.contains_key(turn));
        out
    }

    /// Takes everything away.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.sweep(|_| true)
    }

    fn remove(&mut self, network: Network, at: usize) -> Option<T> {
        let line = self.by_network.get_mut(&network)?;
        let item = line.remove(at)?;
        self.len -= 1;
        self.rounds[line.len()] -= 1;
        if line.is_empty() {
            self.by_network.remove(&network);
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

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
    fn c84_what_is_wanted_is_taken_and_its_line_has_had_its_turn() {
        let mut lines = lines(FLOOD);
        assert_eq!(lines.pop_where(|&item| item == 99), None);
        assert_eq!(lines.pop_where(|&item| item >= 20), Some(20));
        assert_eq!(lines.pop_where(|&item| item == 30), Some(30));
        assert_eq!(lines.pop_where(|&item| item == 12), Some(12));
        // The first has just had its turn, so the second is next.
        assert_eq!(order(lines), [21, 10, 11, 13]);
    }

    #[test]
    fn what_is_stale_is_taken_away_and_the_rest_keeps_its_order() {
        let mut lines = lines(FLOOD);
        let mut stale = lines.sweep(|item| [10, 13, 30].contains(item));
        stale.sort_unstable();
        assert_eq!((stale, lines.len()), (vec![10, 13, 30], 4));
        assert_eq!(order(lines), [11, 20, 12, 21]);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Push(u8),
        Pop,
        PopLast(u8),
        Sweep(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..5_u8).prop_map(Step::Push),
            2 => Just(Step::Pop),
            1 => (0..5_u8).prop_map(Step::PopLast),
            1 => (2..5_u32).prop_map(Step::Sweep),
        ]
    }

    /// As its documentation has it, by looking at each line.
    fn counted_before(lines: &Lines<u32>, newcomer: Network) -> usize {
        let own = lines.by_network.get(&newcomer).map_or(0, VecDeque::len);
        let others = lines.by_network.iter().filter(|it| *it.0 != newcomer);
        own + others.map(|it| it.1.len().min(own + 1)).sum::<usize>()
    }

    proptest! {
        #[test]
        fn c84_what_is_counted_on_the_way_is_what_a_count_would_find(
            steps in prop::collection::vec(step(), 0..60),
        ) {
            let mut lines = Lines::new();
            for (item, step) in (0..).zip(steps) {
                match step {
                    Step::Push(number) => lines.push(network(number), item),
                    Step::Pop => drop(lines.pop()),
                    Step::PopLast(number) => drop(lines.pop_last(network(number))),
                    Step::Sweep(one_of) => drop(lines.sweep(|item| item % one_of == 0)),
                }
                prop_assert_eq!(lines.len(), lines.iter().count());
                for newcomer in (0..6).map(network) {
                    prop_assert_eq!(lines.before(newcomer), counted_before(&lines, newcomer));
                }
            }
        }
    }
}
