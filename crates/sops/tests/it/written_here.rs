//! What is sealed here and opened by the real sops.

use fanlight_sops::{Format, Map, Selection, Value, decrypt};

use crate::bench::Bench;

fn kubeconfig() -> Map {
    let cluster = Map::from_iter([
        ("certificate-authority-data", "TFMwdExTMUNSVWRKVGc9PQ=="),
        ("server", "https://kube-api.example.com:6443"),
    ]);
    let mut map = Map::from_iter([("apiVersion", "v1"), ("kind", "Config")]);
    map.insert("clusters", vec![Map::from_iter([("name", Value::from("a")), ("cluster", cluster.into())]).into()]);
    map
}

#[test]
fn a_kubeconfig_that_is_sealed_here_opens_here_and_with_the_real_sops() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    let text = bench.seal(&kubeconfig(), &bench.rule("clusters/a/x.enc.yaml"), Selection::Everything, Format::Yaml);
    assert!(!text.contains("example"));
    let opened = decrypt(&text, Format::Yaml, &bench.identities(&pair.file)).unwrap();
    assert_eq!(opened.tree, kubeconfig());
    assert_eq!(opened.clear, []);
    let file = bench.write("fleet/x.yaml", &text);
    let theirs = bench.sops(&pair.file, &["decrypt", file.to_str().unwrap()], "");
    assert!(theirs.success, "{}", theirs.stderr);
    assert_eq!(Format::Yaml.read(&theirs.stdout).unwrap(), kubeconfig());
}
