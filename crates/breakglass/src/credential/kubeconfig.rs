use base64::{Engine, prelude::BASE64_STANDARD};
use fanlight_sops::{Map, Value};
use secrecy::{ExposeSecret, SecretString};

use super::{Credential, Origin, ServerUrl};
use crate::ClusterName;

/// The name under which a kubeconfig carries what only Fanlight reads.
const EXTENSION: &str = "fanlight.dev/break-glass";

/// No token of a service account is longer, in bytes.
const TOKEN_LIMIT: usize = 16 * 1024;

/// Whose hand a kubeconfig shows. The names in it say, and must all fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Written by Fanlight: every leaf sealed, with its origin.
    Ours,
    /// Written by kube-dc: addresses, CA and names in clear, and no origin.
    KubeDc,
}

/// The kubeconfig of a credential, as `kubectl` reads it too.
pub(crate) fn write(cluster: &ClusterName, credential: &Credential) -> Map {
    let Names { cluster: entry, user, context } = &Names::of(cluster, Shape::Ours);
    let address = map([
        ("certificate-authority-data", BASE64_STANDARD.encode(&credential.ca).as_str()),
        ("server", credential.server.as_str()),
    ]);
    let parts = map([("cluster", entry), ("user", user)]);
    let token = map([("token", credential.token.expose_secret())]);
    let mut kubeconfig = map([("apiVersion", "v1"), ("kind", "Config")]);
    kubeconfig.insert("clusters", named(entry, "cluster", address));
    kubeconfig.insert("contexts", named(context, "context", parts));
    kubeconfig.insert("current-context", context.as_str());
    kubeconfig.insert("users", named(user, "user", token));
    if let Some(origin) = &credential.origin {
        let origin = map([
            ("cluster", cluster.as_str()),
            ("clusterUID", &origin.cluster_uid),
            ("created", &origin.created.to_string()),
            ("generation", &origin.generation.to_string()),
            ("secret", &origin.secret),
            ("secretUID", &origin.secret_uid),
        ]);
        kubeconfig.insert("extensions", named(EXTENSION, "extension", origin));
    }
    kubeconfig
}

fn map<const N: usize>(entries: [(&str, &str); N]) -> Map {
    entries.into_iter().collect()
}

/// A list of one named thing, as kubeconfigs have them.
fn named(name: &str, what: &str, inner: Map) -> Value {
    let mut entry = Map::new();
    entry.insert(what, inner);
    entry.insert("name", name);
    Value::List(vec![entry.into()])
}

/// Reads a credential out of a kubeconfig that holds nothing else: a key more, a name that does not fit, a program to
/// run, a proxy, a file to read are all refused, since whoever can write to the fleet can seal a file.
pub(crate) fn read(cluster: &ClusterName, kubeconfig: &Map) -> Result<(Credential, Shape), String> {
    let shape = if kubeconfig.get("extensions").is_some() { Shape::Ours } else { Shape::KubeDc };
    let names = Names::of(cluster, shape);
    let top = Fields::of("the file", kubeconfig);
    let known = ["apiVersion", "kind", "clusters", "contexts", "current-context", "users", "extensions", "preferences"];
    top.only(&known)?;
    top.is("apiVersion", "v1")?;
    top.is("kind", "Config")?;
    top.is("current-context", &names.context)?;
    match kubeconfig.get("preferences") {
        None | Some(Value::Null) => {}
        Some(Value::Map(preferences)) if preferences.iter().next().is_none() => {}
        Some(_) => return Err("“preferences” is not empty".to_owned()),
    }
    let context = top.one("contexts", "context", &names.context)?;
    context.only(&["cluster", "user"])?;
    context.is("cluster", &names.cluster)?;
    context.is("user", &names.user)?;
    let address = top.one("clusters", "cluster", &names.cluster)?;
    address.only(&["certificate-authority-data", "server"])?;
    let server = ServerUrl::parse(address.text("server")?).map_err(|why| format!("“server” is unusable: {why}"))?;
    let ca = certificates(address.text("certificate-authority-data")?)?;
    let user = top.one("users", "user", &names.user)?;
    user.only(&["token"])?;
    let token = token(user.text("token")?)?;
    let origin = if shape == Shape::Ours { Some(origin(cluster, &top)?) } else { None };
    Ok((Credential { server, ca, token, origin }, shape))
}

fn certificates(encoded: &str) -> Result<String, String> {
    let decoded =
        BASE64_STANDARD.decode(encoded).map_err(|_| "“certificate-authority-data” is no base64".to_owned())?;
    let pem = String::from_utf8(decoded).map_err(|_| "“certificate-authority-data” is no PEM".to_owned())?;
    if pem.trim_start().starts_with("-----BEGIN CERTIFICATE-----")
        && pem.trim_end().ends_with("-----END CERTIFICATE-----")
    {
        Ok(pem)
    } else {
        Err("“certificate-authority-data” is no PEM".to_owned())
    }
}

/// A token is one HTTP header's worth of visible characters.
fn token(text: &str) -> Result<SecretString, String> {
    if text.is_empty() || text.len() > TOKEN_LIMIT || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("“token” is no token".to_owned());
    }
    Ok(SecretString::from(text))
}

fn origin(cluster: &ClusterName, top: &Fields<'_>) -> Result<Origin, String> {
    let origin = top.one("extensions", "extension", EXTENSION)?;
    origin.only(&["cluster", "clusterUID", "created", "generation", "secret", "secretUID"])?;
    origin.is("cluster", cluster.as_str())?;
    let whole = |key: &str| origin.text(key).map(ToOwned::to_owned);
    Ok(Origin {
        cluster_uid: whole("clusterUID")?,
        secret: whole("secret")?,
        secret_uid: whole("secretUID")?,
        generation: origin.text("generation")?.parse().map_err(|_| "“generation” is no number".to_owned())?,
        created: origin.text("created")?.parse().map_err(|_| "“created” is no time".to_owned())?,
    })
}

struct Names {
    cluster: String,
    user: String,
    context: String,
}

impl Names {
    fn of(cluster: &ClusterName, shape: Shape) -> Self {
        let dashed = cluster.dashed();
        let entry = match shape {
            Shape::Ours => format!("{dashed}-break-glass"),
            Shape::KubeDc => format!("kube-dc-{dashed}-break-glass"),
        };
        Self { cluster: entry, user: format!("break-glass@{dashed}"), context: format!("break-glass/{cluster}") }
    }
}

/// A mapping of the file, with the words to say where it is.
struct Fields<'a> {
    place: &'a str,
    map: &'a Map,
}

impl<'a> Fields<'a> {
    fn of(place: &'a str, map: &'a Map) -> Self {
        Self { place, map }
    }

    fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.map.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(format!("{} holds “{}”, which does not belong there", self.place, shown(key))),
        }
    }

    fn text(&self, key: &str) -> Result<&'a str, String> {
        match self.map.get(key) {
            Some(Value::Text(text)) => Ok(text.as_str()),
            Some(_) => Err(format!("“{key}” in {} is no text", self.place)),
            None => Err(format!("“{key}” is missing in {}", self.place)),
        }
    }

    /// The value is public and known beforehand, so it may be named.
    fn is(&self, key: &str, wanted: &str) -> Result<(), String> {
        if self.text(key)? == wanted {
            Ok(())
        } else {
            Err(format!("“{key}” in {} is not “{wanted}”", self.place))
        }
    }

    /// The one entry of a list of named things, such as `clusters`.
    fn one(&self, key: &'a str, inner: &str, name: &str) -> Result<Fields<'a>, String> {
        let Some(Value::List(entries)) = self.map.get(key) else {
            return Err(format!("“{key}” is missing or no list"));
        };
        let [Value::Map(entry)] = entries.as_slice() else {
            return Err(format!("“{key}” does not hold exactly one entry"));
        };
        let entry = Fields::of(key, entry);
        entry.only(&[inner, "name"])?;
        entry.is("name", name)?;
        match entry.map.get(inner) {
            Some(Value::Map(map)) => Ok(Fields::of(key, map)),
            _ => Err(format!("“{inner}” in {key} is missing")),
        }
    }
}

/// A key from outside, short and harmless to print.
fn shown(key: &str) -> String {
    key.chars().take(60).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

    fn cluster() -> ClusterName {
        "eu/prod".parse().unwrap()
    }

    fn credential() -> Credential {
        Credential {
            server: ServerUrl::parse("https://kube-api.example.com:6443").unwrap(),
            ca: CA.to_owned(),
            token: SecretString::from("the.secret.token"),
            origin: Some(Origin {
                cluster_uid: "uid".to_owned(),
                secret: "break-glass-token-g2".to_owned(),
                secret_uid: "other".to_owned(),
                generation: 2,
                created: jiff::Timestamp::UNIX_EPOCH,
            }),
        }
    }

    fn kube_dc(cluster_extra: &[(&str, &str)], user: &[(&str, &str)]) -> Map {
        let mut address =
            map([("certificate-authority-data", &BASE64_STANDARD.encode(CA)), ("server", "https://a.example")]);
        cluster_extra.iter().for_each(|(key, value)| drop(address.insert(*key, *value)));
        let parts = map([("cluster", "kube-dc-eu-prod-break-glass"), ("user", "break-glass@eu-prod")]);
        let mut kubeconfig = map([("apiVersion", "v1")]);
        kubeconfig.insert("clusters", named("kube-dc-eu-prod-break-glass", "cluster", address));
        kubeconfig.insert("contexts", named("break-glass/eu/prod", "context", parts));
        kubeconfig.insert("current-context", "break-glass/eu/prod");
        kubeconfig.insert("kind", "Config");
        kubeconfig.insert("users", named("break-glass@eu-prod", "user", user.iter().copied().collect()));
        kubeconfig
    }

    #[test]
    fn what_is_written_reads_back_whole() {
        let (back, shape) = read(&cluster(), &write(&cluster(), &credential())).unwrap();
        assert_eq!((shape, &back.origin), (Shape::Ours, &credential().origin));
        assert_eq!(
            (back.server, back.ca, back.token.expose_secret()),
            (credential().server, CA.to_owned(), "the.secret.token")
        );
    }

    #[test]
    fn a_file_of_kube_dc_is_read_though_it_does_not_say_which_cluster_it_is_of() {
        let (credential, shape) = read(&cluster(), &kube_dc(&[], &[("token", "t")])).unwrap();
        assert_eq!((shape, credential.origin), (Shape::KubeDc, None));
    }

    #[test]
    fn whatever_else_a_kubeconfig_can_do_is_refused() {
        for extra in ["insecure-skip-tls-verify", "proxy-url", "tls-server-name", "certificate-authority", "x"] {
            let why = read(&cluster(), &kube_dc(&[(extra, "m:6443")], &[("token", "t")])).unwrap_err();
            assert!(why.contains(extra), "{why}");
        }
        for extra in ["exec", "auth-provider", "tokenFile", "client-certificate", "username", "as"] {
            let why = read(&cluster(), &kube_dc(&[], &[("token", "t"), (extra, "x")])).unwrap_err();
            assert!(why.contains(extra), "{why}");
        }
        for server in ["http://a.example", "https://u:p@a.example", "file:///etc"] {
            assert!(read(&cluster(), &kube_dc(&[("server", server)], &[("token", "t")])).is_err(), "{server}");
        }
        for token in ["", "two words", "line\nend"] {
            assert!(read(&cluster(), &kube_dc(&[], &[("token", token)])).is_err(), "{token:?}");
        }
    }

    #[test]
    fn the_file_of_another_cluster_is_refused() {
        let other: ClusterName = "eu/stage".parse().unwrap();
        assert!(read(&other, &kube_dc(&[], &[("token", "t")])).unwrap_err().contains("break-glass/eu/stage"));
        assert!(read(&other, &write(&cluster(), &credential())).is_err());
    }

    #[test]
    fn a_second_user_or_context_is_refused() {
        let mut two = kube_dc(&[], &[("token", "t")]);
        let Some(Value::List(users)) = two.remove("users") else { panic!("users") };
        two.insert("users", Value::List([users.clone(), users].concat()));
        assert!(read(&cluster(), &two).unwrap_err().contains("exactly one"));
    }

    #[test]
    fn no_error_tells_the_token() {
        let why = read(&cluster(), &kube_dc(&[], &[("token", "a secret with blanks")])).unwrap_err();
        assert!(!why.contains("blanks"), "{why}");
    }
}
