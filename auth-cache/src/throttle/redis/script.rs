//! The charge, as Redis makes it in one step, and its answer.

use std::sync::LazyLock;
use std::time::Duration;

use auth_core::throttle::{Charge, Decision};
use redis::Value;

use super::stats::Cause;
use crate::redis::{Answer, Call, LinkError, LinkErrorKind, Script};

/// `Quota::decide`, by the server's clock. KEYS: the TAT. ARGV: window and charge in µs,
/// T in µs. Gives 1 and how many are left, or 0 and how many µs are to be waited. All
/// sums are below 2^53, up to which the numbers of Lua are exact. What is no TAT is an
/// error, and stays.
static CHARGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local window, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = redis.pcall('GET', KEYS[1])
if type(tat) == 'table' then
  return tat
end
if tat and not (#tat <= 16 and string.find(tat, '^%d+$')) then
  return redis.error_reply('WRONGTYPE that is not a time')
end
local ahead = tat and tonumber(tat) - now or 0
local debt = math.max(0, math.min(ahead, window))
local free = window - debt - cost
local function keep(micros)
  redis.call('SET', KEYS[1], string.format('%.0f', now + micros), 'PX', string.format('%.0f', math.ceil(micros / 1000) + 1))
end
if free >= 0 then
  keep(debt + cost)
  return {1, math.floor(free / tonumber(ARGV[3]))}
end
if ahead > window then
  keep(window)
end
return {0, math.min(-free, window)}
",
    )
});

/// To be charged at `name`. Not repeatable: twice is charged twice.
pub(super) fn charge(name: &[u8], charge: &Charge<'_>) -> Call {
    let quota = charge.limit().quota();
    let interval = quota.emission_interval().as_micros();
    let window = quota.window().as_micros();
    // What is above the burst is above the window; by how much is of no interest.
    let cost = (interval * u128::from(charge.cost().get())).min(window + interval);
    let [window, cost, interval] = [window, cost, interval].map(|it| it.to_string());
    let arguments = [window.as_bytes(), cost.as_bytes(), interval.as_bytes()];
    Call::script(&CHARGE, &[name], &arguments)
}

/// What an answer says.
pub(super) fn decision(answer: Result<Answer, LinkError>) -> Result<Decision, Cause> {
    let value = match answer {
        Ok(answer) => answer.value,
        Err(error) => return Err(cause(error.kind())),
    };
    let Value::Array(parts) = &value else {
        return Err(Cause::WrongReply);
    };
    match parts[..] {
        [Value::Int(1), Value::Int(remaining)] => u32::try_from(remaining)
            .map(|remaining| Decision::Allowed { remaining })
            .map_err(|_| Cause::WrongReply),
        [Value::Int(0), Value::Int(micros)] => u64::try_from(micros)
            .map(Duration::from_micros)
            .map(|retry_after| Decision::Limited { retry_after })
            .map_err(|_| Cause::WrongReply),
        _ => Err(Cause::WrongReply),
    }
}

fn cause(kind: &LinkErrorKind) -> Cause {
    match kind {
        LinkErrorKind::Unavailable | LinkErrorKind::ReadOnly => Cause::Unavailable,
        LinkErrorKind::TimedOut => Cause::TimedOut,
        LinkErrorKind::Broken => Cause::Broken,
        LinkErrorKind::Refused { code } if &**code == "WRONGTYPE" => Cause::WrongType,
        LinkErrorKind::Refused { .. } => Cause::Refused,
        LinkErrorKind::WrongReply => Cause::WrongReply,
    }
}
