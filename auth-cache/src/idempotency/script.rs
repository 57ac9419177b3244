//! The steps, as Redis makes them at once, and their answers.

use std::sync::LazyLock;
use std::time::Duration;

use auth_core::Sealed;
use auth_core::idempotency::{IdempotentRequest, OwnerId};
use redis::Value;

use crate::redis::{Call, LinkError, Script};

/// With what every script begins: the time in µs, and how an entry is read. An entry is
/// nothing, or in force, or (as a second value) an error: what is no request stays where
/// it is. All sums are below 2^53, up to which the numbers of Lua are exact.
macro_rules! script {
    ($source:literal) => {
        LazyLock::new(|| {
            Script::new(concat!(
                r"
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function is_time(it)
  return it and #it <= 16 and string.find(it, '^%d+$')
end
local function entry(key)
  local v = redis.pcall('HMGET', key, 'f', 'o', 'l', 'e')
  if v.err then
    return nil, v
  end
  local f, o, l, e = v[1], v[2], v[3], v[4]
  if not (f or o or l or e) and redis.call('EXISTS', key) == 0 then
    return nil
  end
  if not (f and #f == 32 and o and #o == 16 and is_time(e) and (not l or is_time(l))) then
    return nil, redis.error_reply('WRONGTYPE that is no request')
  end
  if tonumber(e) <= now then
    return nil
  end
  return {f = f, o = o, l = l and tonumber(l), e = tonumber(e)}
end
local function text(micros)
  return string.format('%.0f', micros)
end
local function keep_until(key, micros)
  redis.call('PEXPIREAT', key, text(math.ceil(micros / 1000) + 1))
end
",
                $source
            ))
        })
    };
}

/// KEYS: the request under each root secret, in one slot. ARGV: owner, lease, keep, what is
/// to become of one that is free ([`Free`]), and what it asks under each root secret. What
/// the entries say together is what the strictest says.
static BEGIN: LazyLock<Script> = script!(
    r"
local owner, free = ARGV[1], ARGV[4]
local asks = {}
for i = 5, #ARGV do
  asks[ARGV[i]] = true
end
local is_other, done, busy
for _, key in ipairs(KEYS) do
  local it, bad = entry(key)
  if bad then
    return bad
  end
  if it then
    if not asks[it.f] then
      is_other = true
    elseif not it.l then
      done = done or key
    elseif it.l > now and (it.o ~= owner or free == 'done') then
      busy = math.max(busy or 0, it.l - now)
    end
  end
end
if is_other then
  return {2}
end
if done then
  return {3, redis.call('HGET', done, 'a')}
end
if busy then
  return {1, busy}
end
if free == 'look' then
  return {0}
end
local e = now + tonumber(ARGV[3])
for _, key in ipairs(KEYS) do
  if free == 'done' then
    redis.call('HSET', key, 'f', ARGV[5], 'o', owner, 'e', text(e))
    redis.call('HDEL', key, 'a', 'l')
  else
    redis.call('HSET', key, 'f', ARGV[5], 'o', owner, 'e', text(e), 'l', text(now + tonumber(ARGV[2])))
    redis.call('HDEL', key, 'a')
  end
  keep_until(key, e)
end
return {0}
"
);

/// ARGV: owner, for how long to keep what is not there (0: it stays so), what it asks,
/// and the answer if there is one. The lease goes first: a server without memory lets a
/// field be removed, and then what comes with that.
static COMPLETE: LazyLock<Script> = script!(
    r"
local owner, keep = ARGV[1], tonumber(ARGV[2])
local entries, is_ours, e = {}, false, now + keep
for i, key in ipairs(KEYS) do
  local it, bad = entry(key)
  if bad then
    return bad
  end
  if it then
    if it.o ~= owner then
      return {0}
    end
    is_ours, e = true, math.max(e, it.e)
  end
  entries[i] = it or false
end
if not is_ours and keep == 0 then
  return {0}
end
for i, key in ipairs(KEYS) do
  if entries[i] then
    redis.call('HDEL', key, 'l', 'a')
  end
end
for i, key in ipairs(KEYS) do
  if not entries[i] then
    redis.call('HSET', key, 'f', ARGV[3], 'o', owner, 'e', text(e))
    redis.call('HDEL', key, 'l', 'a')
    keep_until(key, e)
  end
  if ARGV[4] then
    redis.call('HSET', key, 'a', ARGV[4])
  end
end
return {is_ours and 1 or 2}
"
);

/// ARGV: owner.
static RELEASE: LazyLock<Script> = script!(
    r"
for _, key in ipairs(KEYS) do
  local it, bad = entry(key)
  if bad then
    return bad
  end
  if it and it.l and it.o == ARGV[1] then
    redis.call('DEL', key)
  end
end
return {1}
"
);

/// What is asked of a [`begin`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) owner: OwnerId,
    pub(super) lease: Duration,
    pub(super) keep: Duration,
    pub(super) free: Free,
}

/// What is to become of a request that is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Free {
    /// It is the owner's.
    Take,
    /// Nothing: somebody in this process has it.
    Look,
    /// It is done: the owner has done it in this process. While its lease runs it may
    /// still say so itself, with the answer.
    SetDone,
}

/// What is said to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It was nobody's, and became what was wanted.
    Free,
    Busy(Duration),
    Mismatch,
    Done(Option<Sealed>),
}

/// What is said to [`complete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completed {
    NotOwned,
    Done,
    /// It was not known any more that it was begun.
    Restored,
}

/// The steps may be done twice: whoever owns a request may ask again, and what is done is
/// done.
pub(super) fn begin(names: &[&[u8]], request: &IdempotentRequest, claim: &Claim) -> Call {
    let (lease, keep) = (micros(claim.lease), micros(claim.keep));
    let free: &[u8] = match claim.free {
        Free::Take => b"take",
        Free::Look => b"look",
        Free::SetDone => b"done",
    };
    let mut arguments = vec![
        &claim.owner.as_bytes()[..],
        lease.as_bytes(),
        keep.as_bytes(),
        free,
    ];
    arguments.extend(request.fingerprints.iter().map(|it| &it[..]));
    Call::script(&BEGIN, names, &arguments).repeatable()
}

pub(super) fn complete(
    names: &[&[u8]],
    request: &IdempotentRequest,
    owner: OwnerId,
    keep: Duration,
    answer: Option<&Sealed>,
) -> Call {
    let keep = micros(keep);
    let asks = request.fingerprints.first().map_or(&[][..], |it| &it[..]);
    let mut arguments = vec![&owner.as_bytes()[..], keep.as_bytes(), asks];
    arguments.extend(answer.map(Sealed::as_bytes));
    Call::script(&COMPLETE, names, &arguments).repeatable()
}

pub(super) fn release(names: &[&[u8]], owner: OwnerId) -> Call {
    Call::script(&RELEASE, names, &[owner.as_bytes()]).repeatable()
}

pub(super) fn said(value: Value) -> Result<Said, LinkError> {
    let Value::Array(mut parts) = value else {
        return Err(senseless());
    };
    match parts[..] {
        [Value::Int(0)] => Ok(Said::Free),
        [Value::Int(1), Value::Int(micros)] => match u64::try_from(micros) {
            Ok(micros) => Ok(Said::Busy(Duration::from_micros(micros))),
            Err(_) => Err(senseless()),
        },
        [Value::Int(2)] => Ok(Said::Mismatch),
        [Value::Int(3), Value::Nil] => Ok(Said::Done(None)),
        [Value::Int(3), Value::BulkString(ref mut answer)] => {
            let answer = std::mem::take(answer);
            Ok(Said::Done(Some(Sealed::from_bytes(answer))))
        }
        _ => Err(senseless()),
    }
}

pub(super) fn completed(value: &Value) -> Result<Completed, LinkError> {
    match value {
        Value::Array(parts) => match parts[..] {
            [Value::Int(0)] => Ok(Completed::NotOwned),
            [Value::Int(1)] => Ok(Completed::Done),
            [Value::Int(2)] => Ok(Completed::Restored),
            _ => Err(senseless()),
        },
        _ => Err(senseless()),
    }
}

fn senseless() -> LinkError {
    LinkError::wrong_reply("that is no answer of the script")
}

/// At most 142 years: that far, sums with the time of this century are exact.
fn micros(time: Duration) -> String {
    time.as_micros().min(1 << 52).to_string()
}
