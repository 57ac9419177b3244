//! Who has which slot.

use std::collections::HashMap;
use std::sync::Arc;

use redis::Value;

use super::error::LinkError;
use super::node::Node;
use super::place::Address;
use super::slot::{SLOTS, Slot};

/// What a node says of the cluster.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// First and last slot, and their primary.
    ranges: Vec<(u16, u16, Address)>,
    /// They know the map too.
    replicas: Vec<Address>,
}

/// What is known, and connected to.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// Of each slot; empty at first.
    owners: Vec<Option<Arc<Node>>>,
    primaries: HashMap<Address, Arc<Node>>,
    replicas: Vec<Address>,
}

impl Map {
    pub(super) fn owner(&self, slot: Slot) -> Option<&Arc<Node>> {
        self.owners.get(slot.index())?.as_ref()
    }

    /// Everybody who can be asked.
    pub(super) fn places(&self) -> impl Iterator<Item = (Address, Option<Arc<Node>>)> {
        let replicas = self.replicas.iter().map(|at| (at.clone(), None));
        let primaries = self.primaries.iter();
        replicas.chain(primaries.map(|(at, node)| (at.clone(), Some(node.clone()))))
    }

    pub(super) fn node(
        &mut self,
        address: &Address,
        new: impl FnOnce(&Address) -> Arc<Node>,
    ) -> Arc<Node> {
        if let Some(node) = self.primaries.get(address) {
            return node.clone();
        }
        let node = new(address);
        self.primaries.insert(address.clone(), node.clone());
        node
    }

    /// One slot is somebody else's.
    pub(super) fn correct(&mut self, slot: Slot, address: Address, node: Arc<Node>) {
        if let Some(owner) = self.owners.get_mut(slot.index()) {
            *owner = Some(node.clone());
        }
        self.primaries.insert(address, node);
    }

    /// The map as it is told now. Connections to those that are in both stay, those to
    /// nodes that are not in it any more end with their last call.
    pub(super) fn replaced(self, told: &Told, new: impl Fn(&Address) -> Arc<Node>) -> Self {
        let mut map = Self {
            owners: vec![None; usize::from(SLOTS)],
            primaries: HashMap::new(),
            replicas: told.replicas.clone(),
        };
        for (first, last, address) in &told.ranges {
            let node = map.node(address, |address| match self.primaries.get(address) {
                Some(node) => node.clone(),
                None => new(address),
            });
            let owners = map.owners.get_mut(usize::from(*first)..=usize::from(*last));
            owners
                .into_iter()
                .flatten()
                .for_each(|owner| *owner = Some(node.clone()));
        }
        map
    }
}

/// Reads the answer to `CLUSTER SLOTS` of the node at `by`.
pub(super) fn told(answer: Value, by: &Address) -> Result<Told, LinkError> {
    let rows = match answer {
        Value::Array(rows) => rows,
        Value::ServerError(error) => return Err(LinkError::of_server(&error)),
        _ => return Err(LinkError::wrong_reply("that is no map of slots")),
    };
    let mut told = Told::default();
    for row in &rows {
        range(row, by, &mut told)?;
    }
    if told.ranges.is_empty() {
        return Err(LinkError::unavailable("the node knows of no slots"));
    }
    Ok(told)
}

/// `[first, last, [host, port, id, …], …]`, the primary before its replicas.
fn range(row: &Value, by: &Address, told: &mut Told) -> Result<(), LinkError> {
    let bad = || LinkError::wrong_reply("that is no range of slots");
    let Value::Array(row) = row else {
        return Err(bad());
    };
    let [Value::Int(first), Value::Int(last), primary, replicas @ ..] = &row[..] else {
        return Err(bad());
    };
    let slot = |number: &i64| u16::try_from(*number).ok().filter(|it| *it < SLOTS);
    let (Some(first), Some(last)) = (slot(first), slot(last)) else {
        return Err(bad());
    };
    if first > last {
        return Err(bad());
    }
    // Whose host is not known cannot be asked; its slots have nobody.
    if let Some(primary) = place(primary, by)? {
        told.ranges.push((first, last, primary));
    }
    for replica in replicas {
        let replica = place(replica, by)?;
        let is_new = |replica: &Address| !told.replicas.contains(replica);
        told.replicas.extend(replica.filter(is_new));
    }
    Ok(())
}

/// Nothing, if it is not known where that is.
fn place(value: &Value, by: &Address) -> Result<Option<Address>, LinkError> {
    let bad = || LinkError::wrong_reply("that is no place");
    let Value::Array(parts) = value else {
        return Err(bad());
    };
    let [host, Value::Int(port), ..] = &parts[..] else {
        return Err(bad());
    };
    let host = match host {
        Value::Nil => "",
        Value::BulkString(host) => str::from_utf8(host).map_err(|_| bad())?,
        _ => return Err(bad()),
    };
    let host = match host {
        "?" => return Ok(None),
        // The same as that of the one that says so.
        "" => &by.host,
        host => host,
    };
    Ok(Some(Address {
        host: host.to_owned(),
        port: u16::try_from(*port).map_err(|_| bad())?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16) -> Address {
        let host = host.to_owned();
        Address { host, port }
    }

    fn node(host: &str, port: i64) -> Value {
        let host = match host {
            "" => Value::Nil,
            host => Value::BulkString(host.as_bytes().to_vec()),
        };
        Value::Array(vec![
            host,
            Value::Int(port),
            Value::BulkString(b"id".to_vec()),
        ])
    }

    fn row(first: i64, last: i64, nodes: &[Value]) -> Value {
        let mut row = vec![Value::Int(first), Value::Int(last)];
        row.extend_from_slice(nodes);
        Value::Array(row)
    }

    #[test]
    fn a_map_is_read_with_the_hosts_that_are_left_out() {
        let rows = vec![
            row(0, 99, &[node("a", 1), node("b", 2)]),
            row(100, 16383, &[node("", 3), node("?", 4)]),
        ];
        let told = told(Value::Array(rows), &at("me", 9)).unwrap();
        assert_eq!(
            told.ranges,
            [(0, 99, at("a", 1)), (100, 16383, at("me", 3))]
        );
        assert_eq!(told.replicas, [at("b", 2)]);
    }

    #[test]
    fn what_is_no_map_is_a_wrong_reply() {
        for rows in [
            Value::Okay,
            Value::Array(vec![Value::Int(1)]),
            Value::Array(vec![row(0, 16384, &[node("a", 1)])]),
            Value::Array(vec![row(-1, 5, &[node("a", 1)])]),
            Value::Array(vec![row(7, 5, &[node("a", 1)])]),
            Value::Array(vec![row(0, 5, &[])]),
            Value::Array(vec![row(0, 5, &[node("a", 70_000)])]),
        ] {
            let error = told(rows.clone(), &at("me", 9)).unwrap_err();
            assert_eq!(
                *error.kind(),
                crate::redis::LinkErrorKind::WrongReply,
                "{rows:?}"
            );
        }
    }
}
