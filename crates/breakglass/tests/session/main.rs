//! Sessions as they run: real processes, real terminals, real signals. This program plays three parts beside that of the
//! tests: the one that keeps a session, the one that asks for the token, and a client that reads the kubeconfig.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod apart;
mod ground;
mod left_behind;
mod parts;
mod shells;
mod terminal;

use std::process::ExitCode;

use fanlight_breakglass::session::TOKEN_SUBCOMMAND;
use libtest_mimic::{Arguments, Trial};

/// Makes a trial of each function, called as the function is.
macro_rules! trials {
    ($($module:ident :: $name:ident,)*) => {
        vec![$(Trial::test(stringify!($name), || { $module::$name(); Ok(()) })),*]
    };
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(TOKEN_SUBCOMMAND) => return parts::ask_for_token(&arguments[1..]),
        Some(parts::KEEPER) => return parts::keep(&arguments[1..]),
        Some(parts::CLIENT) => return parts::client(),
        Some(parts::SWEEPER) => return parts::clean_up(),
        _ => {}
    }
    let mut trials = trials![
        terminal::a_shell_finds_the_cluster_and_shows_where_it_is_and_leaves_nothing,
        terminal::the_status_of_the_last_command_is_passed_on_and_there_is_a_summary_all_the_same,
        terminal::ctrl_c_interrupts_the_command_and_not_the_session,
        terminal::a_closed_terminal_ends_everything_also_what_does_not_listen,
        terminal::a_signal_to_the_keeper_ends_the_shell,
        terminal::when_the_time_is_up_there_was_a_warning_and_everything_ends,
        terminal::a_session_cannot_be_put_to_sleep,
        terminal::a_terminal_comes_back_as_it_was_from_a_shell_that_was_killed,
        terminal::a_pager_outside_keeps_the_terminal_while_a_command_runs,
        terminal::ctrl_c_reaches_a_command_and_its_status_is_passed_on,
        terminal::a_token_in_the_file_is_gone_with_the_session,
        apart::a_command_gets_input_and_gives_output_and_status,
        apart::without_a_terminal_an_interrupt_ends_the_session,
        apart::whoever_turned_their_back_is_found_and_ended,
        apart::a_command_that_does_not_listen_is_killed,
        apart::a_program_that_cannot_be_started_is_an_error_and_nothing_is_left,
        apart::the_environment_and_the_arguments_of_programs_hold_no_token,
        apart::the_token_in_the_file_is_replaced_before_it_expires,
        apart::a_session_that_is_dropped_leaves_nothing,
        apart::after_a_session_an_interrupt_ends_the_program_again,
        apart::a_shell_reads_a_script_from_its_input,
        left_behind::after_kill_9_there_are_no_tokens_and_the_next_command_cleans_up,
        left_behind::a_session_that_lives_is_left_alone,
        left_behind::whoever_sweeps_from_within_a_dead_session_stays,
    ];
    trials.extend(shells::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
