//! One session after another: opened, refreshed in races, and of some a token is
//! stolen.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Field;
use super::USERS;
use super::crew::locked;
use super::judge::{GRACE, Who};
use super::race::Race;
use crate::Failure;
use crate::chance::Chance;

/// Races of one session.
const ROUNDS: std::ops::Range<u64> = 4..20;

/// One session in so many is robbed.
const ROBBED: u64 = 3;

/// One race in so many goes on with the next token while some still present this
/// one.
const OVERTAKEN: u64 = 4;

pub(crate) async fn lane(field: Arc<Field>, mut chance: Chance) -> Result<(), Failure> {
    let mut parked = JoinSet::new();
    // The first of each lane always, so that there is one.
    let mut is_robbed = true;
    while !field.is_over() {
        let Some(tokens) = client(&field, &mut chance).await? else {
            continue;
        };
        if !is_robbed || tokens.len() < 4 {
            is_robbed = chance.once_in(ROBBED);
            continue;
        }
        is_robbed = chance.once_in(ROBBED);
        let (at, mut by) = (field.clone(), chance.split());
        match chance.among(&(0..4)) {
            // Three behind: whatever the grace.
            0 => robbed(&at, &tokens, 3, GRACE.as_secs(), &mut by).await?,
            1 => {
                let behind = by.among(&(1..3));
                robbed(&at, &tokens, usize::try_from(behind)?, 0, &mut by).await?;
            }
            2 => contest_without_grace(&at, &tokens, &mut by).await?,
            _ => {
                parked.spawn(async move {
                    let (wait, grace) = at.late;
                    tokio::time::sleep(wait).await;
                    let behind = by.among(&(1..3));
                    robbed(&at, &tokens, usize::try_from(behind)?, grace, &mut by).await
                });
            }
        }
    }
    while let Some(robbed) = parked.join_next().await {
        robbed??;
    }
    Ok(())
}

/// Opens a session and refreshes it; all of its tokens, of which the last is good,
/// or `None` if it was refused.
async fn client(field: &Arc<Field>, chance: &mut Chance) -> Result<Option<Vec<String>>, Failure> {
    let user = chance.among(&(1..USERS + 1));
    let first = loop {
        match field.place.log_in(user).await {
            Ok((_, token)) => break token.expose().to_owned(),
            // The server was killed. What it may have opened, nobody knows of.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    locked(&field.judge).opened(&first);
    let mut tokens = vec![first];
    let mut before: Option<Race> = None;
    for _ in 0..chance.among(&ROUNDS) {
        let Some(token) = tokens.last() else { break };
        let grace = GRACE.as_secs();
        let (next, race) = Race::run(field, token, Who::Client, grace, chance).await?;
        // Nobody may be three behind.
        if let Some(before) = before.take() {
            before.end().await?;
        }
        if chance.once_in(OVERTAKEN) {
            before = Some(race);
        } else {
            race.end().await?;
        }
        match next {
            Some(next) => tokens.push(next),
            None => return Ok(None),
        }
        if field.is_over() {
            break;
        }
    }
    if let Some(before) = before {
        before.end().await?;
    }
    Ok(Some(tokens))
}

/// Thieves present a token that is so far `behind`; then the client finds that the
/// session has ended.
async fn robbed(
    field: &Arc<Field>,
    tokens: &[String],
    behind: usize,
    grace: u64,
    chance: &mut Chance,
) -> Result<(), Failure> {
    let newest = tokens.len() - 1;
    field.counts.thefts.fetch_add(1, Ordering::Relaxed);
    let stolen = &tokens[newest - behind];
    let (_, thieves) = Race::run(field, stolen, Who::Thief, grace, chance).await?;
    thieves.end().await?;
    let (token, grace) = (&tokens[newest], GRACE.as_secs());
    let (_, client) = Race::run(field, token, Who::Robbed, grace, chance).await?;
    client.end().await
}

/// Where there is no grace, of two who present the same token one is a thief.
async fn contest_without_grace(
    field: &Arc<Field>,
    tokens: &[String],
    chance: &mut Chance,
) -> Result<(), Failure> {
    let Some(newest) = tokens.last() else {
        return Ok(());
    };
    field.counts.thefts.fetch_add(1, Ordering::Relaxed);
    let (next, race) = Race::run(field, newest, Who::ClientWithoutGrace, 0, chance).await?;
    race.end().await?;
    let token = next.as_ref().unwrap_or(newest);
    let grace = GRACE.as_secs();
    let (_, client) = Race::run(field, token, Who::Robbed, grace, chance).await?;
    client.end().await
}
