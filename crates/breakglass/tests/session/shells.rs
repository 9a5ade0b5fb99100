//! Other shells than bash, where there are some.

use std::{env, fs};

use libtest_mimic::Trial;

use crate::ground::{Ground, in_terminal};

/// A shell, and where the user's own settings for it lie, which they are.
const SHELLS: [(&str, &str, &str); 3] = [
    ("zsh", ".config/zsh/.zshrc", "export KUBECONFIG=/everyday/kubeconfig\nPROMPT='mine> '\n"),
    (
        "fish",
        ".config/fish/config.fish",
        "set -gx KUBECONFIG /everyday/kubeconfig\nfunction fish_prompt; echo -n 'mine> '; end\n",
    ),
    ("dash", ".profile", ""),
];

/// One trial for each shell; one that is not installed is shown as ignored.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(shell, file, settings): (&'static str, &'static str, &'static str)| {
        let paths = env::var_os("PATH").unwrap_or_default();
        let path = env::split_paths(&paths).map(|path| path.join(shell)).find(|path| path.exists());
        let missing = path.is_none();
        let run = move || {
            shows_where_it_is(path.expect("a shell").to_str().expect("text"), file, settings);
            Ok(())
        };
        Trial::test(format!("{shell}_shows_where_it_is_and_keeps_the_kubeconfig"), run).with_ignored_flag(missing)
    };
    SHELLS.map(trial).into()
}

fn shows_where_it_is(shell: &str, file: &str, settings: &str) {
    let ground = Ground::new();
    let file = ground.home().join(file);
    fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    fs::write(file, settings).expect("a file");
    fs::write(ground.home().join(".zshenv"), "export ZDOTDIR=~/.config/zsh\n").expect("a file");
    let mut command = ground.keeper(&[]);
    command.env("SHELL", shell);
    let mut terminal = in_terminal(command);
    terminal.exp_string("BREAK-GLASS ACTIVE").expect("a banner");
    terminal.exp_string("[BREAK-GLASS alpha]").expect("a marked prompt");
    terminal.exp_string(if settings.is_empty() { "$ " } else { "mine> " }).expect("the user’s own prompt");
    terminal.send_line("sh -c 'test $KUBECONFIG != /everyday/kubeconfig && $CLIENT'").expect("input");
    terminal.exp_string("client-0 reaches").expect("the cluster");
    terminal.send_line("exit 4").expect("input");
    let said = terminal.exp_eof().expect("an end");
    assert!(said.contains("(exit status 4)"), "{said}");
    ground.assert_clean();
}
