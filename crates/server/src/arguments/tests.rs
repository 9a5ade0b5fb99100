use std::time::Duration;

use clap::CommandFactory;

use super::*;

/// Every flag of the predecessor: name, default (empty: none), another value.
const FLAGS: [(&str, &str, &str); 40] = [
    ("host", "0.0.0.0", "127.0.0.1"),
    ("port", "9001", "8080"),
    ("log-level", "info", "debug"),
    ("notification-controller-address", "", "http://notification-controller"),
    ("route-prefix", "", "/flux"),
    ("auth-methods", "user-account,oidc", "oidc,user-account"),
    ("use-k8s-cached-clients", "false", "true"),
    ("insecure", "false", "true"),
    ("mtls", "false", "false"),
    ("tls-cert-file", "", "/certs/tls.crt"),
    ("tls-private-key-file", "", "/certs/tls.key"),
    ("oidc-secret-name", "oidc-auth", "sso"),
    ("oidc-client-id", "", "fanlight"),
    ("oidc-client-secret", "", "hidden"),
    ("oidc-issuer-url", "", "https://issuer.example"),
    ("oidc-redirect-url", "", "https://flux.example/oauth2/callback"),
    ("oidc-token-duration", "1h", "1h30m"),
    ("oidc-username-claim", "email", "sub"),
    ("oidc-groups-claim", "groups", "roles"),
    ("custom-oidc-scopes", "openid,offline_access,email,groups", "openid,email"),
    ("oidc-username-prefix", "", "oidc:"),
    ("oidc-group-prefix", "", "oidc:"),
    ("oidc-groups-prefix", "", "oidc:"),
    ("oidc-service-accounts", "false", "true"),
    ("insecure-no-authentication-user", "", "dana"),
    ("enable-metrics", "false", "true"),
    ("metrics-address", ":2112", ":9102"),
    // Ours.
    ("emergency-secret-name", "cluster-user-auth", "break-glass"),
    ("session-key-file", "", "/keys/sessions"),
    ("emergency-session-duration", "30m", "15m"),
    ("emergency-require-reason", "false", "true"),
    ("sessions-config-map", "fanlight-sessions", "ended"),
    ("audit-log", "stdout", "/var/log/fanlight/audit.jsonl"),
    ("external-url", "", "https://flux.example.com"),
    ("trusted-proxies", "", "10.0.0.0/8,192.0.2.7"),
    ("mtls-ca-file", "", "/certs/clients.crt"),
    ("max-connections", "4096", "100"),
    ("max-connections-per-address", "512", "10"),
    ("shutdown-delay", "3s", "0s"),
    ("shutdown-timeout", "20s", "1m"),
];

fn parse(arguments: &[&str]) -> Result<Arguments, String> {
    let parsed = Arguments::try_parse_from([&["fanlight-server"], arguments].concat()).map_err(|e| e.to_string())?;
    parsed.check().map_err(|error| error.to_string())?;
    Ok(parsed)
}

fn ok(arguments: &[&str]) -> Arguments {
    parse(&[&["--insecure"], arguments].concat()).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// What makes the other flags work.
const SERVED: [&str; 3] = ["--tls-cert-file=c", "--tls-private-key-file=k", "--mtls"];

fn refusal(arguments: &[&str]) -> String {
    parse(arguments).err().unwrap_or_else(|| panic!("{arguments:?} is accepted"))
}

#[test]
fn every_flag_of_the_predecessor_is_accepted_in_both_spellings() {
    for (name, _, value) in FLAGS {
        let accepted =
            |arguments: &[&str]| parse(&[&SERVED, arguments].concat()).unwrap_or_else(|error| panic!("{error}"));
        let value = if name == "mtls" { "true" } else { value };
        // What was given before is overridden.
        let value = if name == "insecure" { "false" } else { value };
        accepted(&[&format!("--{name}={value}")]);
        // As in Go, a flag that is true or false takes its value only by `=`.
        if !matches!(value, "true" | "false") {
            accepted(&[&format!("--{name}"), value]);
        }
    }
    let all = FLAGS.iter().filter(|(name, ..)| !matches!(*name, "insecure" | "mtls"));
    let all: Vec<_> = all.map(|(name, _, value)| format!("--{name}={value}")).collect();
    let all: Vec<_> = SERVED.into_iter().chain(all.iter().map(String::as_str)).collect();
    assert!(parse(&all).is_ok());
}

#[test]
fn defaults_are_the_predecessors_and_the_documentation_and_the_help_name_each() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flags.md")).expect("docs");
    let help = Arguments::command().render_long_help().to_string();
    for (name, default, _) in FLAGS {
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        let row = page.lines().find(|line| line.starts_with(&format!("| `--{name}` |")));
        let documented = row.unwrap_or_else(|| panic!("--{name} is not documented")).split('|').nth(2);
        assert_eq!(documented.map(str::trim), Some(default.as_str()), "--{name}");
    }
    let visible = Arguments::command();
    for argument in visible.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let name = argument.get_long().expect("only long flags");
        let (_, default, _) = FLAGS.iter().find(|(flag, ..)| *flag == name).unwrap_or_else(|| panic!("--{name}"));
        let set: Vec<_> = argument.get_default_values().iter().filter_map(|value| value.to_str()).collect();
        let is_told = default.is_empty() || help.contains(&format!("[default: {default}]"));
        assert!(set.join(",") == *default || is_told, "--{name}: {set:?}");
    }
}

#[test]
fn the_last_of_two_flags_wins_as_in_go() {
    assert_eq!(ok(&["--port=1", "--port=2"]).listening.port, 2);
    let arguments = ok(&["--auth-methods=oidc", "--auth-methods=USER-account"]);
    assert!(arguments.has_emergency_user(), "lists grow, and case does not matter");
    assert!(
        !parse(&["--insecure", "--insecure=false", "--tls-cert-file=c", "--tls-private-key-file=k"])
            .expect("a certificate is given")
            .listening
            .insecure
    );
}

#[test]
fn ways_in_are_read_whatever_their_order_and_case_and_an_open_door_replaces_them_all() {
    let ways = |arguments: &[&str]| {
        let arguments = ok(arguments);
        let user = arguments.everybody().expect("a name").map(|everybody| everybody.user().to_string());
        let ways = [arguments.has_emergency_user(), arguments.has_single_sign_on(), arguments.passes_tokens_on()];
        (ways, user)
    };
    assert_eq!(ways(&[]), ([true, true, false], None));
    assert_eq!(ways(&["--auth-methods=Token-Passthrough, OIDC"]), ([false, true, true], None));
    assert_eq!(ways(&["--auth-methods=token-passthrough", "--auth-methods=user-account"]), ([true, false, true], None));
    let dana = Some("dana".to_owned());
    let open = "--insecure-no-authentication-user=dana";
    for methods in ["--auth-methods=anonymous", "--auth-methods=user-account,oidc,token-passthrough"] {
        assert_eq!(ways(&[open, methods]), ([false; 3], dana.clone()));
    }
    let robot = "system:serviceaccount:ci:robot";
    let (_, user) = ways(&[&format!("--insecure-no-authentication-user={robot}")]);
    assert_eq!(user.as_deref(), Some(robot));
}

#[test]
fn what_cannot_work_or_would_be_unsafe_to_ignore_is_refused_before_the_start() {
    let certificate = ["--tls-cert-file=c", "--tls-private-key-file=k"];
    assert!(parse(&certificate).is_ok() && parse(&[&certificate[..], &["--mtls"]].concat()).is_ok());
    for (arguments, why) in [
        (&[][..], "flags --tls-cert-file and --tls-private-key-file cannot be empty"),
        (&certificate[..1], "flags --tls-cert-file and --tls-private-key-file cannot be empty"),
        (&["--insecure", "--mtls"], "--insecure serves plain HTTP"),
        (&["--insecure", "--insecure-no-authentication-user="], "flag set but no user specified"),
        (&[certificate[0], certificate[1], "--mtls-ca-file=ca"], "only --mtls demands them"),
        (&["--insecure", "--external-url=flux.example.com"], "not a URL such as https://flux.example.com"),
        (&["--insecure", "--external-url="], "not a URL"),
        (&["--insecure", "--external-url=ftp://flux.example.com"], "must begin with https:// or http://"),
        (&["--insecure", "--external-url=https://ada:secret@flux.example.com"], "must not hold a user or a password"),
        (&["--insecure", "--external-url=https://flux.example.com/?a=b"], "must end after the host"),
        (&["--insecure", "--external-url=https://flux.example.com/flux"], "ends in /flux, which can only be that of"),
        (
            &["--insecure", "--external-url=https://flux.example.com/flux", "--route-prefix=/other"],
            "ends in /flux, which can only be that of --route-prefix, and /other",
        ),
        (&["--insecure", "--route-prefix=/flux?"], "must be a path of letters"),
        (&["--insecure", "--route-prefix=/{kind}"], "must be a path of letters"),
        (&["--insecure", "--route-prefix=/a/../b"], "must be a path of letters"),
        (&["--insecure", "--route-prefix=/a//b"], "must be a path of letters"),
        (&["--insecure", "--trusted-proxies=ingress"], "“ingress” is neither an address nor a network"),
        (&["--insecure", "--trusted-proxies=10.0.0.0/8,0.0.0.0/0"], "would believe everybody"),
        (&["--insecure", "--max-connections=0"], "0 is not in"),
        (&["--insecure", "--shutdown-delay=-1s"], "it cannot last less than no time"),
        (&["--insecure", "--insecure-no-authentication-user=system:admin"], "belong to Kubernetes itself"),
        (&["--insecure", "--auth-methods=token-passthrough"], "must be enabled, can't start"),
        (&["--insecure", "--auth-methods=oidc,anonymous"], "needs --insecure-no-authentication-user"),
        (&["--insecure", "--auth-methods="], "no authentication methods set"),
        (&["--insecure", "--auth-methods=oidc,ldap"], "ldap"),
        (&["--insecure", "--log-level=loud"], "loud"),
        (&["--insecure=maybe"], "maybe"),
        (&["--insecure", "--oidc-token-duration=soon"], "soon"),
        (&["--insecure", "--emergency-session-duration=0s"], "0s"),
        (&["--insecure", "--sessions-config-map=a/b"], "a/b"),
        (&["--insecure", "--port=99999"], "99999"),
        (&["--insecure", "--metrics-address=2112"], "2112"),
        (&["--insecure", "--kubeconfig=/root/.kube/config"], "--kubeconfig"),
    ] {
        let error = refusal(arguments);
        assert!(error.contains(why), "{arguments:?}: {error}");
    }
}

#[test]
fn the_external_address_may_end_in_the_route_prefix_and_is_an_origin() {
    for (url, prefix) in [
        ("https://flux.example.com", ""),
        ("https://flux.example.com/", "/flux"),
        ("https://flux.example.com/flux", "flux/"),
        ("https://flux.example.com/flux/", "/flux"),
    ] {
        let arguments = ok(&[&format!("--external-url={url}"), &format!("--route-prefix={prefix}")]);
        let origin = arguments.outside.external_url.expect("a URL").origin();
        assert_eq!(origin.as_str(), "https://flux.example.com/", "{url} {prefix}");
    }
}

#[test]
fn proxies_are_named_one_by_one_or_together() {
    let together = ok(&["--trusted-proxies=10.0.0.0/8,fd00::/8"]).outside.trusted_proxies;
    let apart = ok(&["--trusted-proxies=10.0.0.0/8", "--trusted-proxies", "fd00::/8"]).outside.trusted_proxies;
    assert_eq!((together.len(), &together), (2, &apart));
    assert!(ok(&[]).outside.trusted_proxies.is_empty());
}

#[test]
fn values_are_read_as_go_reads_them() {
    for (text, seconds) in [("1h30m", 5400), ("20m", 1200), ("90s", 90), ("1.5h", 5400), ("2000ms", 2)] {
        assert_eq!(go::duration(text), Ok(Duration::from_secs(seconds)), "{text}");
    }
    for bad in ["", "0s", "h", "5", "1x", "-1h", "1d", "99999999999999999999h"] {
        assert!(go::duration(bad).is_err(), "{bad}");
    }
    assert_eq!(go::wait("0s"), Ok(Duration::ZERO));
    for (text, host, port) in [
        (":2112", "", 2112),
        ("127.0.0.1:9102", "127.0.0.1", 9102),
        ("[::1]:0", "::1", 0),
        ("localhost:80", "localhost", 80),
    ] {
        assert_eq!(go::address(text), Ok((host.to_owned(), port)), "{text}");
    }
    for bad in ["", "2112", "::1:2112", "[::1:2112", ":http", ":65536"] {
        assert!(go::address(bad).is_err(), "{bad}");
    }
    assert_eq!([go::boolean("T"), go::boolean("0")], [Ok(true), Ok(false)]);
    assert_eq!([go::log_level("WARN"), go::log_level("fatal")], [Ok("warn"), Ok("error")]);
    let bases = ["", "/", "flux", "/flux/", "/a/b"].map(|prefix| ok(&[&format!("--route-prefix={prefix}")]).base());
    assert_eq!(bases, ["", "", "/flux", "/flux", "/a/b"]);
}

#[test]
fn what_has_no_effect_is_said_in_one_line_each_and_never_by_value() {
    assert_eq!(ok(&[]).notices(&[]), [""; 0]);
    let arguments = ok(&[
        "--notification-controller-address=x",
        "--use-k8s-cached-clients",
        "--oidc-client-secret=hidden",
        "--auth-methods=oidc,token-passthrough",
        "--oidc-issuer-url=https://issuer.example",
        "--metrics-address=:9102",
    ]);
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let environment = [
        set("WEAVE_GITOPS_USERS_CLIENTS_TTL", "30m"),
        set("WEAVE_GITOPS_FEATURE_DEV_MODE", "true"),
        set("WEAVE_GITOPS_FEATURE_TELEMETRY", "false"),
        set("CLUSTER_NAME", "prod"),
    ];
    let notices = arguments.notices(&environment);
    let about: Vec<_> = notices.iter().filter_map(|notice| notice.split(' ').next()).collect();
    assert_eq!(
        about,
        [
            "--metrics-address",
            "--notification-controller-address",
            "--use-k8s-cached-clients",
            "--auth-methods",
            "WEAVE_GITOPS_USERS_CLIENTS_TTL",
            "WEAVE_GITOPS_FEATURE_DEV_MODE",
        ]
    );
    assert!(notices.iter().all(|notice| !notice.contains("hidden") && !notice.contains('\n')));
    let features: Vec<_> = notices::features(&environment).into_keys().collect();
    assert_eq!(features, ["WEAVE_GITOPS_FEATURE_DEV_MODE", "WEAVE_GITOPS_FEATURE_TELEMETRY"]);
}
