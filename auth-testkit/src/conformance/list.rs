//! The list of all cases. What each holds a store to is said at its function.

use super::Case;

/// Generates one test for each case of the suite. Takes the path of an async
/// function without parameters that makes a fresh
/// [`Subject`](crate::conformance::Subject): a name in scope, or a path that
/// begins with `crate` or a crate's name. The crate that calls it needs `tokio`
/// with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_suite {
    ($fresh:path) => {
        $crate::__store_cases! { __suite_tests (conformance $fresh) }
    };
}

/// The one place that names every case.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            tenants {
                the_default_tenant_is_there_from_the_beginning
                a_tenant_that_was_never_made_gets_no_users
                a_tenant_may_be_made_again
                one_identifier_in_two_tenants_is_two_users
                a_user_of_another_tenant_is_not_found
                a_user_of_another_tenant_is_not_changed
                a_session_of_another_tenant_is_not_ended
                a_token_is_unknown_in_another_tenant
            }
            tenant_status {
                in_a_disabled_tenant_nobody_does_anything
                what_was_open_goes_on_when_its_tenant_is_active_again
                c69_each_status_of_a_tenant_ends_its_access_tokens
                a_tenant_that_is_not_there_is_not_changed
                of_16_statuses_at_once_each_gets_a_version_of_its_own
            }
            users {
                a_user_is_found_by_every_spelling_of_the_identifier
                a_new_user_is_what_was_asked_for
                a_user_without_a_password_has_none
                of_32_sign_ups_for_one_identifier_one_creates
                a_taken_identifier_stays_with_its_user
                a_user_id_in_use_is_not_given_again
            }
            passwords {
                c69_a_new_password_ends_every_session
                a_password_that_moved_is_not_replaced
                c83_a_renewed_hash_ends_nothing
                c83_a_hash_that_moved_is_not_renewed
                of_16_password_changes_that_saw_one_hash_one_is_made
                a_first_password_is_set_where_there_was_none
                a_disabled_user_cannot_change_the_password
            }
            password_reset {
                c86_a_password_is_not_reset_at_another_epoch
                c86_of_a_reset_and_a_log_out_everywhere_the_later_one_counts
            }
            password_policy {
                c78_a_new_user_has_the_version_the_password_was_accepted_under
                c78_a_new_password_comes_with_its_own_version
                c78_a_renewed_hash_keeps_the_version
            }
            changes {
                new_roles_reach_the_next_token_of_a_session_that_lives_on
                c69_a_disabled_user_loses_every_session_for_good
                a_status_that_is_set_again_stays
                a_user_who_is_not_there_is_not_changed
                of_16_changes_at_once_each_gets_a_version_of_its_own
            }
            stale {
                a_session_does_not_open_for_a_stale_version
                a_session_does_not_open_for_a_stale_epoch
                a_session_does_not_open_for_another_hash
                a_session_does_not_open_for_nobody
                a_log_in_that_a_password_change_overtook_opens_nothing
            }
            sessions {
                a_session_opens_when_the_user_is_as_seen
                a_session_opens_for_a_user_without_a_password
                a_session_id_in_use_is_not_given_again
                the_sessions_of_a_user_are_independent
                c70_the_list_has_the_live_sessions_newest_first
            }
            ends {
                ending_one_session_spares_the_others
                a_session_of_another_user_is_not_ended
                c70_a_log_out_everywhere_kills_every_session_by_one_row
                a_session_ends_once
                of_8_log_outs_of_one_session_one_ends_it
                each_log_out_everywhere_raises_the_floor
                what_is_not_there_is_not_ended
            }
            expiry {
                a_session_lives_until_it_was_idle_too_long
                c68_a_session_ends_when_it_was_idle_too_long
                c67_a_session_ends_at_last_however_often_it_is_used
                a_rotation_extends_the_idle_expiry_up_to_the_absolute_one
                an_idle_time_beyond_the_lifetime_does_not_lengthen_it
                ending_an_expired_session_still_kills_its_access_tokens
            }
            rotation {
                the_current_token_rotates
                a_rotation_keeps_the_times_of_two_generations
                c67_a_token_of_another_client_is_unknown
                a_session_that_never_was_is_unknown
                a_session_goes_on_under_another_root_secret
            }
            replay {
                a_replay_within_the_grace_gets_the_same_successor
                a_rotation_asked_again_replays_what_was_committed
                c63_a_replay_after_the_grace_ends_the_session
                without_a_grace_a_spent_token_ends_the_session
                no_grace_is_longer_than_the_longest
                a_token_two_generations_behind_is_superseded
                a_token_two_generations_behind_is_reused_after_its_own_grace
                a_token_three_generations_behind_is_reused
                c65_rotations_of_one_instant_are_told_apart
            }
            conflict {
                another_secret_of_the_current_generation_ends_the_session
                a_generation_from_the_future_ends_the_session
                another_secret_of_a_spent_generation_ends_the_session
                an_ended_session_answers_ended_to_everything
                an_expired_session_answers_ended_to_everything
            }
            races {
                c62_one_token_presented_64_times_makes_one_generation
                two_active_root_secrets_still_make_one_successor
                without_a_grace_one_of_64_rotates_and_the_session_dies
                a_chain_of_contested_rotations_skips_no_generation
                a_token_and_its_successor_presented_at_once_leave_one_chain
                sessions_of_one_user_rotate_side_by_side
            }
            revoking {
                c66_nothing_minted_survives_a_log_out
                c66_nothing_minted_survives_a_log_out_everywhere
                c66_nothing_minted_survives_a_disabling
                c66_nothing_minted_survives_the_disabling_of_a_tenant
                c66_nothing_minted_survives_a_password_change
                no_grant_has_the_old_roles_with_the_new_version
            }
            log_in_races {
                no_log_in_with_the_old_password_outlives_its_change
                no_log_in_slips_past_a_log_out_everywhere
                no_log_in_slips_past_a_disabling
                no_log_in_slips_past_the_disabling_of_a_tenant
            }
            log {
                everything_that_is_revoked_is_in_the_log
                a_cursor_gives_what_is_new
            }
            cursors {
                a_reader_misses_nothing_that_16_writers_revoke
                the_cursor_of_another_store_reads_everything
            }
            lifetimes {
                a_revocation_outlives_the_longest_token
                the_longest_lifetime_rises_and_never_falls
                of_lifetimes_raised_at_once_the_longest_wins
                a_revocation_racing_a_longer_lifetime_outlives_it
                a_revocation_is_forgotten_when_no_token_is_left
                a_revocation_after_all_others_expired_is_not_missed
            }
            keys {
                of_8_first_keys_at_once_one_wins
                of_8_next_keys_at_once_one_wins
                a_sealed_key_comes_back_unchanged
                a_key_signs_when_it_was_told_to
                a_key_after_any_but_the_last_is_lost
                a_key_is_sealed_anew_if_it_is_as_seen
            }
            key_revocation {
                a_revoked_key_is_revoked_for_ever
                a_key_is_revoked_once
                a_revoked_signer_is_replaced_at_once
                of_8_revocations_of_the_signer_one_replaces_it
                a_rotation_racing_a_revocation_leaves_one_signer
                only_expired_keys_are_forgotten
                a_dropped_revocation_is_made_or_not
            }
            attempts {
                after_five_failures_each_wait_is_twice_the_last
                c79_of_64_attempts_at_once_five_are_reserved
                c80_a_known_device_does_not_wait_for_strangers
                c80_a_known_network_does_not_wait_for_strangers
                c79_a_hundred_failures_end_it_for_strangers
                c81_attempts_at_nobody_wait_like_any_other
                an_attempt_brings_the_user
                attempts_in_another_tenant_do_not_count
                what_is_given_back_does_not_count
                c79_a_success_begins_the_count_again
                forgotten_attempts_are_over
                failures_are_kept_as_long_as_they_matter
            }
            api_keys {
                a_new_api_key_is_what_was_asked_for
                an_api_key_is_for_an_active_user
                an_api_key_id_in_use_is_not_given_again
                c69_the_key_of_a_disabled_user_says_so
                a_revoked_api_key_is_revoked_for_ever
                an_api_key_of_somebody_else_is_not_touched
                a_rotated_api_key_has_two_secrets_for_the_overlap
                a_rotation_that_saw_another_secret_changes_nothing
                an_ended_api_key_gets_no_new_secret
                the_use_of_an_api_key_is_noted_once_a_minute
                hostile_names_of_api_keys_come_back_unchanged
            }
            api_key_races {
                of_16_rotations_that_saw_one_secret_one_is_made
                of_8_revocations_of_one_api_key_one_revokes_it
                c66_no_rotation_brings_a_revoked_api_key_back
                of_32_notes_of_one_use_one_is_written
                pages_of_api_keys_are_stable
            }
            api_key_limits {
                a_user_has_no_more_live_api_keys_than_the_limit
                of_16_api_keys_at_once_no_more_are_made_than_the_limit
                all_api_keys_of_a_user_are_revoked_at_once
                api_keys_that_ended_long_ago_are_forgotten
            }
            platforms {
                a_linked_account_finds_its_user
                an_account_is_one_users_in_a_tenant
                an_account_is_linked_to_an_active_user
                c69_an_unlinked_account_ends_every_session
                the_last_way_to_log_in_is_not_removed
                of_16_users_given_one_account_one_gets_it
                of_8_accounts_unlinked_at_once_one_stays
                of_password_and_account_removed_at_once_one_stays
                c66_no_log_in_slips_past_an_unlinking
                hostile_accounts_come_back_unchanged
                a_user_without_a_password_may_set_one
            }
            look_ups {
                a_strong_look_up_has_what_was_just_done
                an_eventual_look_up_has_it_in_the_end
                a_look_up_in_another_tenant_finds_nothing
            }
            counted {
                each_change_of_an_account_has_another_number
                a_row_holds_as_long_as_its_number
            }
            effects {
                each_change_tells_its_event
                what_does_not_happen_tells_nothing
                a_theft_is_told_with_its_reason
                of_16_sign_ups_at_once_one_tells
                a_dropped_change_is_told_or_not_made
            }
            account_effects {
                each_change_of_an_account_tells_its_event
                what_is_not_changed_tells_nothing
            }
            outbox {
                a_claim_takes_no_more_than_it_asks_for
                no_subject_waits_for_ever
                a_subject_is_held_by_one_relay
                an_unpublished_event_is_not_overtaken
                a_silent_relay_loses_what_it_held
                a_late_word_moves_nothing_behind_what_another_one_holds
                of_8_relays_at_once_each_takes_others
                events_leave_in_order_while_others_come
                one_id_is_stored_once
                dead_letters_are_kept_and_put_back
                dead_letters_are_of_one_tenant
                the_outbox_says_how_full_it_is
                hostile_events_come_back_unchanged
            }
            consumed {
                of_32_deliveries_at_once_one_is_first
                each_consumer_sees_each_event_for_itself
                a_mark_is_kept_for_its_time
            }
            idempotency {
                of_32_requests_with_one_key_one_is_done
                a_request_that_was_done_gets_its_answer
                a_key_is_of_one_request_only
                a_key_is_of_one_tenant_route_and_caller
                a_lost_request_is_done_by_the_next
                a_released_request_begins_anew
                a_key_is_remembered_for_its_time
                a_key_is_remembered_while_it_is_owned
                a_dropped_begin_is_made_or_not
            }
            hostile {
                hostile_identifiers_are_users_of_their_own
                hostile_role_names_come_back_unchanged
                hostile_devices_and_clients_come_back_unchanged
                hostile_hashes_come_back_unchanged
            }
            extremes {
                nul_is_kept_or_refused
                lifetimes_beyond_every_calendar_do_not_overflow
            }
            dropped {
                a_dropped_log_in_is_made_or_not
                a_dropped_rotation_is_made_or_not
                a_dropped_log_out_is_made_or_not
                whatever_is_dropped_the_store_works_on
            }
            dropped_accounts {
                a_dropped_revocation_of_an_api_key_is_made_or_not
                a_dropped_rotation_of_an_api_key_is_made_or_not
                a_dropped_unlinking_is_made_or_not
                a_dropped_status_of_a_tenant_is_set_or_not
            }
            dropped_users {
                a_dropped_sign_up_is_made_or_not
                a_dropped_password_change_is_made_or_not
                a_dropped_change_of_a_user_is_made_or_not
            }
        }
    };
}

__store_cases! { __suite_list () }
