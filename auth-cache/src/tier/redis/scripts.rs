//! What Redis does in one step.
//!
//! Versions are the server's time in microseconds when they were made, or one more than
//! the last: they never come back, also not after the server has forgotten them. Leases
//! are `nonce ‖ end in milliseconds:version of everything`. A name under which there is
//! something else is treated as if there were nothing.

use std::sync::LazyLock;

use crate::redis::Script;

/// KEYS: the hash, the version of everything. ARGV: nonce, lease in ms, life of versions
/// in ms, what was refused: `n` nothing, `a` whatever there is, `p…` what begins so.
/// Gives the time, the version, and `v` with a value that was not refused, `h` (held) or
/// `g` (granted).
pub(super) static ACQUIRE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local t = redis.call('TIME')
local us = t[1] * 1000000 + t[2]
local now = math.floor(us / 1000)
local all = redis.pcall('GET', KEYS[2])
if type(all) == 'string' and #all <= 16 and string.find(all, '^%d+$') then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
else
  all = string.format('%.0f', us)
  redis.call('SET', KEYS[2], all, 'PX', ARGV[3])
end
us = string.format('%.0f', us)
local v = redis.pcall('HGET', KEYS[1], 'v')
if type(v) == 'table' then
  redis.call('UNLINK', KEYS[1])
  v = false
end
local refused = string.sub(ARGV[4], 1, 1)
if v and (refused == 'n' or refused == 'p' and string.sub(v, 1, #ARGV[4] - 1) ~= string.sub(ARGV[4], 2)) then
  return {us, all, 'v', v}
end
local l = redis.call('HGET', KEYS[1], 'l')
if l then
  local ends, of = string.match(string.sub(l, 17), '^(%d+):(%d+)$')
  if ends and of == all and now < tonumber(ends) then
    return {us, all, 'h'}
  end
end
local lease = tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'l', ARGV[1] .. string.format('%.0f', now + lease) .. ':' .. all)
if redis.call('PTTL', KEYS[1]) < lease then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {us, all, 'g'}
",
    )
});

/// KEYS: the hash, the version of everything. ARGV: nonce, the value or nothing, its life
/// in ms. Gives whether the lease was held.
pub(super) static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local l = redis.pcall('HGET', KEYS[1], 'l')
if type(l) ~= 'string' or string.sub(l, 1, 16) ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], 'l')
local _, of = string.match(string.sub(l, 17), '^(%d+):(%d+)$')
if redis.pcall('GET', KEYS[2]) ~= of then
  return 0
end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'v', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
",
    )
});

/// KEYS: a version. ARGV: its life in ms. Gives it, and makes one if there is none.
pub(super) static VERSION: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local v = redis.pcall('GET', KEYS[1])
if type(v) == 'string' and #v <= 16 and string.find(v, '^%d+$') then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return v
end
local t = redis.call('TIME')
v = string.format('%.0f', t[1] * 1000000 + t[2])
redis.call('SET', KEYS[1], v, 'PX', ARGV[1])
return v
",
    )
});

/// KEYS: a version. ARGV: its life in ms. Gives the one that comes after all there were.
/// Above 2^53 nothing can be added to a number of Lua; nobody but a vandal has set that.
pub(super) static CHANGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local t = redis.call('TIME')
local us = t[1] * 1000000 + t[2]
local v = redis.pcall('GET', KEYS[1])
v = type(v) == 'string' and tonumber(v)
if v and v >= us and v < 9007199254740991 then
  us = v + 1
end
v = string.format('%.0f', us)
redis.call('SET', KEYS[1], v, 'PX', ARGV[1])
return v
",
    )
});

/// KEYS: whatever is in the slot of whose server is asked. Gives the time there.
pub(super) static TIME: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local t = redis.call('TIME')
return string.format('%.0f', t[1] * 1000000 + t[2])
",
    )
});

/// KEYS: the stream. ARGV: what is told, how many of it are kept, the life of the stream
/// in ms. The ids of one life of the stream have one first part, and count up in the
/// second without a gap: who misses one knows.
pub(super) static TELL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local last = redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local life = not last.err and last[1] and string.match(last[1][1], '^(%d+)-')
if not life then
  redis.call('UNLINK', KEYS[1])
  local t = redis.call('TIME')
  life = string.format('%.0f', t[1] * 1000000 + t[2])
end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], life .. '-*', 'i', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return id
",
    )
});

/// KEYS: the stream. ARGV: its life in ms, whether it is begun if there is none (1, 0).
/// Gives the last id, or nothing.
pub(super) static LISTEN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local last = redis.pcall('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if not last.err and last[1] then
  if redis.call('PTTL', KEYS[1]) < ARGV[1] / 2 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
  end
  return last[1][1]
end
if ARGV[2] == '0' then
  return false
end
redis.call('UNLINK', KEYS[1])
local t = redis.call('TIME')
local life = string.format('%.0f', t[1] * 1000000 + t[2])
local id = redis.call('XADD', KEYS[1], life .. '-*', 'i', '')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return id
",
    )
});
