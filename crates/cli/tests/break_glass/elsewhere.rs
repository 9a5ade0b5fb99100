use std::fs;

use crate::{
    pool::Lent,
    stage::{CLUSTER, PROGRAM, Run, Stage, with},
};

/// Nothing of break-glass is in this cluster.
fn must_be_untouched(stage: &Stage, plane: &Lent) -> anyhow::Result<()> {
    let asked = ["get", "serviceaccount,secret", "-n", "kube-system", "-o", "name"];
    let run = stage.kubectl_by(&plane.admin_kubeconfig(), &asked)?.succeeded();
    anyhow::ensure!(!run.out.contains("break-glass"), "{run:?}");
    Ok(())
}

#[test]
fn a_way_in_to_another_cluster_changes_neither() {
    with(async {
        let [plane, other] = Lent::two().await?;
        let (url, other_kubeconfig) = (plane.url(), other.admin_kubeconfig().display().to_string());
        let stage = Stage::at(plane, &url)?;
        let by_other = ["--kubeconfig", other_kubeconfig.as_str()];
        // Nobody knows the cluster yet, but its address is not that of the way in.
        stage.run(&[&["adopt", CLUSTER][..], &by_other].concat()).ended(6).says("not signed by the expected CA");
        must_be_untouched(&stage, &other)?;
        assert!(!stage.fleet.sealed(CLUSTER).exists());

        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        let sealed = fs::read(stage.fleet.sealed(CLUSTER))?;
        for verb in ["adopt", "rotate"] {
            for more in [&[][..], &["--server", &other.url()]] {
                stage.run(&[&[verb, CLUSTER][..], &by_other, more].concat()).ended(8).says("another cluster");
            }
        }
        must_be_untouched(&stage, &other)?;
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        assert_eq!(fs::read(stage.fleet.sealed(CLUSTER))?, sealed);
        // The same, with the file gone: this machine remembers.
        fs::remove_file(stage.fleet.sealed(CLUSTER))?;
        let gone = ["adopt", CLUSTER, "--server", &other.url()];
        stage.run(&[&gone[..], &by_other].concat()).ended(8);
        must_be_untouched(&stage, &other)?;
        Ok(())
    });
}

#[test]
fn a_file_that_leads_elsewhere_than_before_stops_until_somebody_says_that_it_is_right() {
    with(async {
        let [plane, other] = Lent::two().await?;
        let url = plane.url();
        let stage = Stage::at(plane, &url)?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        // On another machine, the cluster is built anew under the same name and sealed anew.
        let elsewhere = stage.fleet.home().join("elsewhere");
        fs::create_dir(&elsewhere)?;
        fs::create_dir_all(elsewhere.join(".config/sops"))?;
        std::os::unix::fs::symlink(stage.fleet.home().join(".config/sops/age"), elsewhere.join(".config/sops/age"))?;
        fs::copy(stage.fleet.home().join(".gitconfig"), elsewhere.join(".gitconfig"))?;
        let other_kubeconfig = other.admin_kubeconfig().display().to_string();
        let anew = ["adopt", CLUSTER, "--accept-identity", "--push", "--server", &other.url()];
        let mut adopt = stage.command(&[&anew[..], &["--kubeconfig", &other_kubeconfig]].concat());
        Run::of(&adopt.env("HOME", &elsewhere).output()?).succeeded();

        for verb in [&["use", CLUSTER, "--reason", "drill", "--", "true"][..], &["verify", CLUSTER]] {
            stage.run(verb).ended(8).says("the server was").says("the CA was").says("--accept-identity");
        }
        stage.run(&["rotate", CLUSTER, "--revoke-now"]).ended(8).says("the CA was");
        stage.run(&["verify", CLUSTER, "--accept-identity"]).succeeded();
        stage.run(&["use", CLUSTER, "--reason", "drill", "--", "true"]).succeeded();
        Ok(())
    });
}

#[test]
fn an_address_that_is_none_or_leads_nowhere_is_found_out_before_anything_is_changed() {
    with(async {
        let stage = Stage::new().await?;
        let nothing = |run: Run, code: i32, words: &str| {
            run.ended(code).says(words);
            assert!(!stage.fleet.sealed(CLUSTER).exists());
            must_be_untouched(&stage, &stage.plane)
        };
        let adopt = |server: &str| stage.run(&["adopt", CLUSTER, "--timeout", "6s", "--server", server]);
        nothing(adopt("https://127.0.0.1:1"), 6, "cannot be reached")?;
        nothing(adopt(""), 2, "cannot be the API server’s address")?;
        nothing(adopt("http://127.0.0.1:8080"), 2, "https")?;
        let config = stage.fleet.root().join("clusters").join(CLUSTER).join("cluster-config.env");
        let known = fs::read(&config)?;
        fs::write(&config, "DOMAIN=example.com\n")?;
        // What is left is the kubeconfig's address, which means this machine.
        nothing(stage.run(&["adopt", CLUSTER]), 2, "--server")?;

        fs::write(&config, known)?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        let sealed = fs::read(stage.fleet.sealed(CLUSTER))?;
        let wrong = ["rotate", CLUSTER, "--timeout", "6s", "--server", "https://127.0.0.1:1"];
        stage.run(&wrong).ended(6).says("Nothing was changed");
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        assert_eq!(fs::read(stage.fleet.sealed(CLUSTER))?, sealed);
        // The fleet no longer says where it is: what is sealed does.
        fs::write(&config, "DOMAIN=example.com\n")?;
        stage.run(&["rotate", CLUSTER, "--push"]).ended(11);
        stage.must_open()
    });
}

#[test]
fn no_kubeconfig_of_the_person_is_ever_written() {
    with(async {
        let stage = Stage::new().await?;
        let home = stage.fleet.home();
        let admin = fs::read_to_string(stage.plane.admin_kubeconfig())?;
        let other = "apiVersion: v1\nkind: Config\nusers:\n- name: rke2\n  user: {client-certificate-data: YQ==, client-key-data: Yg==}\n";
        let files = [("one", other), ("two", &admin), ("three", other)];
        for (name, text) in files {
            fs::write(home.join(name), text)?;
        }
        fs::create_dir(home.join(".kube"))?;
        fs::write(home.join(".kube/config"), other)?;
        let list = format!("{}:{}", home.join("one").display(), home.join("two").display());
        let run = |arguments: &[&str]| -> anyhow::Result<Run> {
            Ok(Run::of(&stage.command(arguments).env("KUBECONFIG", &list).output()?))
        };
        run(&["adopt", CLUSTER, "--push"])?.succeeded();
        run(&["use", CLUSTER, "--reason", "drill", "--", "kubectl", "auth", "whoami"])?.succeeded();
        run(&["verify", CLUSTER])?.succeeded();
        run(&["rotate", CLUSTER, "--push"])?.ended(11);
        let mut bare = stage.fleet.as_engineer(PROGRAM);
        bare.args(["break-glass", "--repo"]).arg(stage.fleet.root()).args(["verify", CLUSTER]);
        Run::of(&bare.output()?).ended(9).says("break-glass-token");
        for (name, text) in files {
            assert_eq!(fs::read_to_string(home.join(name))?, text, "{name}");
        }
        assert_eq!(fs::read_to_string(home.join(".kube/config"))?, other);
        let beside = fs::read_dir(home.join(".kube"))?.count();
        assert_eq!(beside, 1, "nothing was put beside it");
        Ok(())
    });
}
