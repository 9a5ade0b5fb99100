//! The words of source-controller, and of the libraries for Git, registries, object stores and charts that it uses.

use super::{Rules, rule};
use crate::Cause::{
    ChartMissing, Credentials, InvalidManifest, NoBranch, NotFound, SecretMissing, Signature, Tls, Unreachable,
};

pub(super) const RULES: Rules = &[
    rule(
        "failed to get secret '{secret}': {_}secrets \"{_}\" not found",
        SecretMissing,
        "Secret `{secret}`, its credentials, does not exist",
    ),
    rule(
        "failed to get secret '{secret}': {why}",
        SecretMissing,
        "Secret `{secret}`, its credentials, cannot be read: {why}",
    ),
    rule(
        "unable to read token from secret '{secret}' error: {_}\"{_}\" not found",
        SecretMissing,
        "Secret `{secret}`, its token, does not exist",
    ),
    rule("secret '{secret}' not found", SecretMissing, "Secret `{secret}`, its credentials, does not exist"),
    rule(
        "invalid '{secret}' secret data: {why}",
        SecretMissing,
        "Secret `{secret}` does not hold what it should: {why}",
    ),
    rule("secrets \"{secret}\" not found", SecretMissing, "Secret `{secret}` does not exist"),
    // Signatures: before what a registry says in the course of it.
    rule("signature verification of {what} failed: {why}", Signature, "the signature of {what} is not valid: {why}"),
    rule(
        "failed to verify the signature using provider '{provider}': {why}",
        Signature,
        "its signature was not verified by {provider}: {why}",
    ),
    rule(
        "failed to verify the signature using provider '{provider} {_}': {why}",
        Signature,
        "its signature was not verified by {provider}: {why}",
    ),
    rule("chart verification error: {why}", Signature, "the signature of the chart was not verified: {why}"),
    rule("no matching signatures: {why}", Signature, "no signature fits: {why}"),
    rule("no matching signatures", Signature, "no signature fits"),
    // TLS and host keys: before credentials, which are not even asked for then.
    rule("'{url}': {_}x509: {why}", Tls, "the certificate of `{url}` is not trusted: {why}"),
    rule("Get \"{url}\": {_}x509: {why}", Tls, "the certificate of `{url}` is not trusted: {why}"),
    rule("x509: {why}", Tls, "the server’s certificate is not trusted: {why}"),
    rule("remote error: tls: {why}", Tls, "the server ends the TLS handshake: {why}"),
    rule(
        "'{url}': ssh: handshake failed: knownhosts: {why}",
        Tls,
        "the SSH host key of `{url}` is not the known one: {why}",
    ),
    rule("knownhosts: {why}", Tls, "the SSH host key is not the known one: {why}"),
    rule(
        "'{url}': ssh: handshake failed: {why}",
        Credentials,
        "the server does not take its SSH key for `{url}`: {why}",
    ),
    rule("ssh: handshake failed: {why}", Credentials, "the server does not take its SSH key: {why}"),
    rule("\"{url}\": http: server gave HTTP response to HTTPS client", Tls, "`{url}` speaks HTTP, and not HTTPS"),
    // The network.
    rule(
        "'{url}': {_}dial tcp {address}: connect: connection refused",
        Unreachable,
        "`{address}` of `{url}` refuses connections",
    ),
    rule("dial tcp {address}: connect: connection refused", Unreachable, "`{address}` refuses connections"),
    rule("dial tcp: lookup {host} on {_}: {why}", Unreachable, "the name `{host}` cannot be resolved: {why}"),
    rule("dial tcp: lookup {host}: {why}", Unreachable, "the name `{host}` cannot be resolved: {why}"),
    rule("dial tcp {address}: i/o timeout", Unreachable, "`{address}` does not answer"),
    rule("dial tcp {address}: connect: {why}", Unreachable, "`{address}` cannot be reached: {why}"),
    // Git.
    rule(
        "'{url}': authentication required: {why}",
        Credentials,
        "the server wants valid credentials for `{url}`: {why}",
    ),
    rule("'{url}': authentication required", Credentials, "the server wants valid credentials for `{url}`"),
    rule(
        "'{url}': authorization failed: {why}",
        Credentials,
        "the server does not let its credentials read `{url}`: {why}",
    ),
    rule("'{url}': authorization failed", Credentials, "the server does not let its credentials read `{url}`"),
    rule(
        "'{url}': repository not found",
        NotFound,
        "there is no repository `{url}`, or its credentials may not see it",
    ),
    rule("'{url}': couldn't find remote ref \"refs/heads/{branch}\"", NoBranch, "`{url}` has no branch `{branch}`"),
    rule("'{url}': couldn't find remote ref \"refs/tags/{tag}\"", NoBranch, "`{url}` has no tag `{tag}`"),
    rule("'{url}': couldn't find remote ref \"{name}\"", NoBranch, "`{url}` has no reference `{name}`"),
    rule("'{url}': reference not found", NoBranch, "`{url}` has no such branch or tag"),
    rule("unable to resolve commit object for '{commit}': {why}", NoBranch, "there is no commit `{commit}`: {why}"),
    rule("no match found for semver: {range}", NoBranch, "no tag fits the versions `{range}`"),
    // Registries.
    rule(
        "/v2/{repository}/manifests/{tag}: MANIFEST_UNKNOWN",
        NotFound,
        "the registry has no `{tag}` of `{repository}`",
    ),
    rule("/v2/{repository}/manifests/{_}: NAME_UNKNOWN", NotFound, "the registry has no repository `{repository}`"),
    rule("/v2/{repository}/tags/list{_}: NAME_UNKNOWN", NotFound, "the registry has no repository `{repository}`"),
    rule("UNAUTHORIZED: {why}; [", Credentials, "the registry wants valid credentials: {why}"),
    rule("UNAUTHORIZED: {why}", Credentials, "the registry wants valid credentials: {why}"),
    rule("DENIED: {why}; [", Credentials, "the registry does not let its credentials in: {why}"),
    rule("DENIED: {why}", Credentials, "the registry does not let its credentials in: {why}"),
    // Object stores.
    rule("bucket '{bucket}' not found", NotFound, "there is no bucket `{bucket}`"),
    rule("Access Denied", Credentials, "the object store does not let its credentials in: access denied"),
    rule(
        "The request signature we calculated does not match",
        Credentials,
        "the object store does not take its secret key",
    ),
    rule("The Access Key Id you provided does not exist", Credentials, "the object store does not know its access key"),
    // Charts and their repositories.
    rule("invalid Helm repository URL: {why}", InvalidManifest, "its address is not valid: {why}"),
    rule(
        "failed to load Helm repository from index YAML: {_}yaml: line {line}: {why}",
        InvalidManifest,
        "the repository’s index is not valid YAML at line {line}: {why}",
    ),
    rule("failed to fetch {url} : 401 {why}", Credentials, "`{url}` wants valid credentials: 401 {why}"),
    rule("failed to fetch {url} : 403 {why}", Credentials, "`{url}` does not let its credentials in: 403 {why}"),
    rule("failed to fetch {url} : 404 {why}", NotFound, "`{url}` answers 404 {why}"),
    rule("failed to fetch {url} : {why}", Unreachable, "`{url}` answers {why}"),
    rule("no chart name found", ChartMissing, "the reference to a chart names none"),
    rule(
        "no '{chart}' chart with version matching '{version}' found",
        ChartMissing,
        "the repository has no chart `{chart}` of a version `{version}`",
    ),
    rule(
        "chart \"{chart}\" version \"{version}\" not found",
        ChartMissing,
        "the repository has no chart `{chart}` of a version `{version}`",
    ),
    rule("chart \"{chart}\" not found", ChartMissing, "the repository has no chart `{chart}`"),
    rule("no chart version found for {chart}", ChartMissing, "the repository has no such version of chart `{chart}`"),
    rule("context deadline exceeded", Unreachable, "no answer came in time"),
];
