//! The command line.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use bearergate::audit::{AddressDetail, Encoding};

/// Options without a value.
const FLAGS: [&str; 2] = ["--no-proxy", "--lock-out"];

/// Options that may be given more than once.
const LISTS: [&str; 4] = [
    "--issuer",
    "--audience",
    "--hs256-secret-file",
    "--trusted-proxy",
];

const SINGLE: [&str; 26] = [
    "--listen",
    "--admin",
    "--api-keys",
    "--pepper-file",
    "--clock",
    "--forwarded-header",
    "--hops",
    "--allow",
    "--deny",
    "--limits",
    "--redis",
    "--nodes",
    "--usage",
    "--usage-flush-ms",
    "--usage-fail-every",
    "--audit",
    "--audit-format",
    "--audit-mode",
    "--audit-ring",
    "--audit-file-bytes",
    "--audit-keep",
    "--audit-chain-key",
    "--audit-anchor",
    "--audit-pseudonym-key",
    "--audit-addresses",
    "--audit-sink",
];

/// What the service does.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// Each issuer with the file of its secret.
    pub(crate) issuers: Vec<(String, PathBuf)>,
    pub(crate) audiences: Vec<String>,
    /// The database, and the file of the pepper.
    pub(crate) api_keys: Option<(PathBuf, PathBuf)>,
    pub(crate) is_manual: bool,
    pub(crate) proxies: ProxyOptions,
    pub(crate) allow: Option<PathBuf>,
    pub(crate) deny: Option<PathBuf>,
    pub(crate) limits: Option<PathBuf>,
    pub(crate) locks_out: bool,
    pub(crate) usage: Option<UsageOptions>,
    pub(crate) audit: Option<AuditOptions>,
}

#[derive(Debug)]
pub(crate) struct ProxyOptions {
    pub(crate) trusted: Vec<String>,
    pub(crate) has_none: bool,
    pub(crate) header: Option<String>,
    pub(crate) hops: Option<u8>,
}

#[derive(Debug)]
pub(crate) struct UsageOptions {
    pub(crate) file: PathBuf,
    pub(crate) flush_millis: u64,
    pub(crate) fails_every: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct AuditOptions {
    pub(crate) directory: PathBuf,
    pub(crate) encoding: Encoding,
    pub(crate) mode: AuditMode,
    pub(crate) ring: Option<usize>,
    pub(crate) file_bytes: Option<u64>,
    pub(crate) keep: Option<usize>,
    pub(crate) chain_key: Option<PathBuf>,
    pub(crate) anchor: Option<PathBuf>,
    pub(crate) pseudonym_key: Option<PathBuf>,
    pub(crate) addresses: Option<AddressDetail>,
    pub(crate) sink: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum AuditMode {
    BestEffort,
    Required,
    BeforeAnswer,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

impl Options {
    /// Reads the arguments after the program's name.
    pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut given = Given::read(arguments)?;
        if given.values.contains_key("--redis") {
            return Err("--redis: not built with the feature redis".into());
        }
        let clocks = [("system", false), ("manual", true)];
        let options = Self {
            listen: given.needed("--listen")?,
            admin: given.needed("--admin")?,
            issuers: given.issuers()?,
            audiences: given.list("--audience"),
            api_keys: given.api_keys()?,
            is_manual: given.choice("--clock", &clocks)?.unwrap_or(false),
            proxies: given.proxies()?,
            allow: given.path("--allow"),
            deny: given.path("--deny"),
            limits: given.path("--limits"),
            locks_out: given.flag("--lock-out"),
            usage: given.usage()?,
            audit: given.audit()?,
        };
        given.no_options_left()?;
        options.check()?;
        Ok(options)
    }

    /// Refuses options that do not go together.
    fn check(&self) -> Outcome<()> {
        let has_issuer = !self.issuers.is_empty();
        let is_loopback = |address: &SocketAddr| address.ip().is_loopback();
        let faults = [
            (
                !is_loopback(&self.listen),
                "--listen takes an address of this machine only",
            ),
            (
                !is_loopback(&self.admin),
                "--admin takes an address of this machine only",
            ),
            (
                !has_issuer && self.api_keys.is_none(),
                "--issuer or --api-keys is missing",
            ),
            (
                has_issuer && self.audiences.is_empty(),
                "--audience is missing; --issuer needs it",
            ),
            (
                !has_issuer && !self.audiences.is_empty(),
                "--audience needs --issuer",
            ),
        ];
        match faults.into_iter().find(|(is_there, _)| *is_there) {
            Some((_, fault)) => Err(fault.into()),
            None => Ok(()),
        }
    }
}

/// The arguments by their names.
struct Given {
    values: BTreeMap<String, Vec<String>>,
    /// Issuers with their secret files, in the order of the arguments.
    issuers: Vec<(String, Option<String>)>,
}

impl Given {
    fn read(arguments: impl IntoIterator<Item = String>) -> Outcome<Self> {
        let mut given = Self {
            values: BTreeMap::new(),
            issuers: Vec::new(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let is_flag = FLAGS.contains(&name.as_str());
            let is_list = LISTS.contains(&name.as_str());
            if !is_flag && !is_list && !SINGLE.contains(&name.as_str()) {
                return Err(unknown(&name).into());
            }
            let value = match value {
                Some(_) if is_flag => return Err(format!("{name} takes no value").into()),
                None if is_flag => String::new(),
                Some(value) => value,
                None => arguments.next().unwrap_or_default(),
            };
            if !is_flag && (value.is_empty() || value.starts_with("--")) {
                return Err(format!("{name} needs a value").into());
            }
            given.add(name, value)?;
        }
        Ok(given)
    }

    fn add(&mut self, name: String, value: String) -> Outcome<()> {
        match name.as_str() {
            "--issuer" => self.issuers.push((value, None)),
            "--hs256-secret-file" => match self.issuers.last_mut() {
                Some((_, secret @ None)) => *secret = Some(value),
                _ => return Err(format!("{name} needs an --issuer of its own before it").into()),
            },
            _ => {
                let values = self.values.entry(name.clone()).or_default();
                values.push(value);
                if values.len() > 1 && !LISTS.contains(&name.as_str()) {
                    return Err(format!("{name} is given twice").into());
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, name: &str) -> Vec<String> {
        self.values.remove(name).unwrap_or_default()
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.list(name).pop()
    }

    fn flag(&mut self, name: &str) -> bool {
        self.values.remove(name).is_some()
    }

    fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.take(name).map(PathBuf::from)
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &str) -> Outcome<Option<T>> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let wrong = |_| format!("{name}: `{}` is not a value of it", text.escape_debug());
        Ok(Some(text.parse().map_err(wrong)?))
    }

    fn needed<T: std::str::FromStr>(&mut self, name: &str) -> Outcome<T> {
        let value = self.parsed(name)?;
        Ok(value.ok_or_else(|| format!("{name} is missing"))?)
    }

    fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Outcome<Option<T>> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let found = choices.iter().find(|(own, _)| *own == text);
        let names: Vec<_> = choices.iter().map(|(own, _)| *own).collect();
        let wrong = || format!("{name}: expected one of {}", names.join(", "));
        Ok(Some(found.ok_or_else(wrong)?.1))
    }

    fn issuers(&mut self) -> Outcome<Vec<(String, PathBuf)>> {
        let pairs = std::mem::take(&mut self.issuers).into_iter();
        let whole = |(issuer, secret): (String, Option<String>)| {
            let secret = secret.ok_or("--hs256-secret-file is missing behind an --issuer")?;
            Ok((issuer, PathBuf::from(secret)))
        };
        pairs.map(whole).collect()
    }

    fn api_keys(&mut self) -> Outcome<Option<(PathBuf, PathBuf)>> {
        let Some(file) = self.path("--api-keys") else {
            return Ok(None);
        };
        let pepper = self.path("--pepper-file");
        let pepper = pepper.ok_or("--pepper-file is missing; --api-keys needs it")?;
        Ok(Some((file, pepper)))
    }

    fn proxies(&mut self) -> Outcome<ProxyOptions> {
        let proxies = ProxyOptions {
            trusted: self.list("--trusted-proxy"),
            has_none: self.flag("--no-proxy"),
            header: self.take("--forwarded-header"),
            hops: self.parsed("--hops")?,
        };
        let is_behind = !proxies.trusted.is_empty();
        if is_behind && proxies.has_none {
            return Err("--no-proxy and --trusted-proxy contradict each other".into());
        }
        if !is_behind && proxies.header.is_some() {
            return Err("--forwarded-header needs --trusted-proxy".into());
        }
        if !is_behind && proxies.hops.is_some() {
            return Err("--hops needs --trusted-proxy".into());
        }
        Ok(proxies)
    }

    fn usage(&mut self) -> Outcome<Option<UsageOptions>> {
        let Some(file) = self.path("--usage") else {
            return Ok(None);
        };
        let flush_millis = self.parsed("--usage-flush-ms")?.unwrap_or(1_000);
        let fails_every = self.parsed("--usage-fail-every")?;
        for (name, number) in [
            ("--usage-flush-ms", Some(flush_millis)),
            ("--usage-fail-every", fails_every),
        ] {
            if number == Some(0) {
                return Err(format!("{name} must be at least 1").into());
            }
        }
        Ok(Some(UsageOptions {
            file,
            flush_millis,
            fails_every,
        }))
    }

    fn audit(&mut self) -> Outcome<Option<AuditOptions>> {
        let Some(directory) = self.path("--audit") else {
            return Ok(None);
        };
        let encodings = [
            ("ocsf", Encoding::Ocsf),
            ("ecs", Encoding::Ecs),
            ("cef", Encoding::Cef),
            ("native", Encoding::Native),
        ];
        let modes = [
            ("best-effort", AuditMode::BestEffort),
            ("required", AuditMode::Required),
            ("before-answer", AuditMode::BeforeAnswer),
        ];
        let details = [
            ("full", AddressDetail::Full),
            ("prefix", AddressDetail::Prefix),
            ("keyed", AddressDetail::Keyed),
            ("none", AddressDetail::None),
        ];
        let encoding = self.choice("--audit-format", &encodings)?;
        let mode = self.choice("--audit-mode", &modes)?;
        Ok(Some(AuditOptions {
            directory,
            encoding: encoding.unwrap_or(Encoding::Ocsf),
            mode: mode.unwrap_or(AuditMode::BestEffort),
            ring: self.parsed("--audit-ring")?,
            file_bytes: self.parsed("--audit-file-bytes")?,
            keep: self.parsed("--audit-keep")?,
            chain_key: self.path("--audit-chain-key"),
            anchor: self.path("--audit-anchor"),
            pseudonym_key: self.path("--audit-pseudonym-key"),
            addresses: self.choice("--audit-addresses", &details)?,
            sink: self.path("--audit-sink"),
        }))
    }

    /// Refuses options that belong to an option that was not given.
    fn no_options_left(&self) -> Outcome<()> {
        match self.values.keys().next() {
            Some(name) => Err(format!("{name} belongs to another option that is missing").into()),
            None => Ok(()),
        }
    }
}

/// An argument that looks like an option is named; another one may be a secret in the wrong place.
fn unknown(name: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    match name.starts_with("--") && name.len() <= 40 && name.chars().all(is_name) {
        true => format!("{name} is no option"),
        false => "an argument is no option".to_owned(),
    }
}
