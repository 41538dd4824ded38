//! The corpus bars: every version pair and managed policy, growth, whole processes, `batch`.
//!
//! `scripts/bench` runs it (`cargo bench --bench corpus`); it needs the corpus (`LEASTWISE_CORPUS`). One thread, in process,
//! from JSON text to verdict, Z3 included. The last recorded run is in `benches/RECORD.md`.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "benchmarks")]

use leastwise::catalog::Catalog;
use leastwise::diag::{Budget, Source};
use leastwise::document;
use leastwise::eval;
use leastwise::policy::{Access, Policy};
use leastwise::question::no_new_access::no_new_access;
use leastwise::question::{Engine, Settings, Verdict};
use leastwise::refine::{Outcome, refine};
use leastwise::smt;
use leastwise::usage::UnusedPermissions;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn lines(name: &str) -> Option<Vec<Value>> {
    let folder = std::env::var_os("LEASTWISE_CORPUS").map(PathBuf::from)?;
    let packed = std::fs::read(folder.join(name)).ok()?;
    let mut text = String::new();
    ruzstd::decoding::StreamingDecoder::new(packed.as_slice()).ok()?.read_to_string(&mut text).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn read(text: &str) -> Access {
    Policy::read(&Source::new("policy", text), &Budget::default()).unwrap().into()
}

fn settings(engine: Engine, seconds: f64) -> Settings {
    let budget = Budget { timeout: Duration::from_secs_f64(seconds), ..Budget::default() };
    Settings { engine, budget, ..Settings::default() }
}

/// Times of one question over many inputs, with the number of UNKNOWNs.
fn report(name: &str, mut times: Vec<Duration>, unknown: usize) -> Duration {
    let mut slowest: Vec<(usize, Duration)> = times.iter().copied().enumerate().collect();
    slowest.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    let slowest: Vec<String> = slowest.iter().take(8).map(|(at, time)| format!("#{at} {time:.0?}")).collect();
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 1_000].as_secs_f64() * 1e3;
    let total: Duration = times.iter().sum();
    println!(
        "{name}: {} questions, {unknown} UNKNOWN, median {:.3} ms, p99 {:.2} ms, max {:.1} ms, {:.0} a second",
        times.len(),
        at(500),
        at(990),
        at(1_000),
        times.len() as f64 / total.as_secs_f64()
    );
    println!("  slowest: {}", slowest.join(", "));
    total
}

fn ask(existing: &str, new: &str, settings: &Settings) -> (Duration, Verdict) {
    let started = Instant::now();
    let with_z3 = || no_new_access(&read(existing), &read(new), settings).unwrap().verdict;
    // Without Z3 first, as `batch` does: a context is made only for what needs it.
    let first = Settings { z3: false, ..*settings };
    let outcome =
        if settings.engine == Engine::Auto { Some(no_new_access(&read(existing), &read(new), &first).unwrap()) } else { None };
    let verdict = match outcome {
        Some(outcome)
            if !matches!(outcome.verdict, Verdict::Unknown(_)) && outcome.notes.iter().all(|note| !note.contains("Z3")) =>
        {
            outcome.verdict
        }
        _ => smt::in_fresh_context(with_z3),
    };
    (started.elapsed(), verdict)
}

fn pairs(all: &[(String, String)], name: &str, settings: &Settings) -> Duration {
    report_answers(name, all.iter().map(|(existing, new)| ask(existing, new, settings)).collect()).0
}

fn report_answers(name: &str, answers: Vec<(Duration, Verdict)>) -> (Duration, Vec<Verdict>) {
    let (times, verdicts): (Vec<Duration>, Vec<Verdict>) = answers.into_iter().unzip();
    let unknown = verdicts.iter().filter(|verdict| is_unknown(verdict)).count();
    (report(name, times, unknown), verdicts)
}

fn is_unknown(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown(_))
}

/// How many times as fast the default engine is as another on these pairs: what either leaves open counts with the time it
/// had. The two may not differ where both decide, and each other's witnesses are held against the policies.
fn against(all: &[(String, String)], name: &str, other: &Settings) {
    let most = other.budget.timeout;
    let run = |name: &str, settings: &Settings| {
        let answers = all.iter().map(|(existing, new)| {
            let (time, verdict) = ask(existing, new, settings);
            (if is_unknown(&verdict) { most } else { time }, verdict)
        });
        report_answers(name, answers.collect())
    };
    let (slow, slow_verdicts) = run(&format!("every 100th pair, {name}"), other);
    let (quick, verdicts) = run("every 100th pair, --engine auto", &Settings { engine: Engine::Auto, realistic: true, ..*other });
    for ((existing, new), (one, two)) in all.iter().zip(verdicts.iter().zip(&slow_verdicts)) {
        for verdict in [one, two] {
            let Verdict::Fail { witness, .. } = verdict else { continue };
            let allowed = |text: &str| eval::allows(&read(text), witness);
            assert!(allowed(new) && !allowed(existing), "{existing}\n{new}\n{witness:?}");
        }
        let alike = std::mem::discriminant(one) == std::mem::discriminant(two) || is_unknown(one) || is_unknown(two);
        assert!(alike, "{existing}\n{new}\n{one:?}\n{two:?}");
    }
    println!(
        "auto is {:.0} times as fast as {name} on them, timeouts counted at {most:?}",
        slow.as_secs_f64() / quick.as_secs_f64()
    );
}

fn growth() {
    for wild in [false, true] {
        for statements in [10, 100, 1_000, 10_000] {
            let statement = |at: usize| {
                let action = if wild { format!("s3:Get{at}*") } else { format!("s3:Get{at}") };
                let resource = if wild { format!("arn:aws:s3:::b{at}-*/*") } else { format!("arn:aws:s3:::b{at}") };
                json!({"Effect": "Allow", "Action": action, "Resource": resource})
            };
            let policy = json!({"Statement": (0..statements).map(statement).collect::<Vec<_>>()}).to_string();
            let (time, verdict) = ask(&policy, &policy, &settings(Engine::Auto, 30.0));
            let kind = if wild { "wildcards" } else { "literal" };
            println!(
                "growth, {kind}, {statements} statements ({} KB): {time:.1?}{}",
                policy.len() / 1024,
                if is_unknown(&verdict) { " UNKNOWN" } else { "" }
            );
        }
    }
}

/// The first action of every service that a policy names is unused.
fn refinements(managed: &[Value]) {
    let catalog = Catalog::latest();
    let mut times = Vec::new();
    let mut unproved = 0;
    for line in managed {
        let text = line["document"].to_string();
        if text.len() >= 6_144 {
            continue;
        }
        let document = document::read(&Source::new("policy", text.as_str()), &Budget::default()).unwrap();
        let access = read(&text);
        let mut unused = UnusedPermissions::default();
        for (prefix, service) in catalog.services() {
            let granted = |name: &str| {
                let lower = format!("{prefix}:{name}").to_ascii_lowercase();
                access.statements().any(|(_, _, statement)| !statement.action.negated && statement.action.applies(&lower))
            };
            if let Some(action) = service.actions().find(|action| granted(&action.name)) {
                unused.add_action(prefix, &action.name);
            }
        }
        let started = Instant::now();
        let outcome = smt::in_fresh_context(|| {
            refine(&document, &unused, catalog, &settings(Engine::Auto, 30.0)).map_err(|error| error.to_string())
        });
        times.push(started.elapsed());
        unproved += usize::from(!matches!(outcome, Ok(Outcome::Proved(_))));
    }
    report("refine with proof, managed policies under 6 KB", times, unproved);
}

fn processes() {
    let program = env!("CARGO_BIN_EXE_leastwise");
    let run = |arguments: &[&str]| {
        let mut times: Vec<Duration> = (0..40)
            .map(|_| {
                let started = Instant::now();
                Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
                started.elapsed()
            })
            .collect();
        times.sort();
        times[20]
    };
    let (old, new) = ("fixtures/examples/old.json", "fixtures/examples/new.json");
    println!("process, no-new-access, PASS: median {:.1?}", run(&["no-new-access", new, old]));
    println!("process, no-new-access, FAIL: median {:.1?}", run(&["no-new-access", old, new]));
    println!("process, no-new-access, PASS, --prove z3: median {:.1?}", run(&["no-new-access", new, old, "--prove", "z3"]));
}

fn batch(all: &[(String, String)]) {
    let mut input = String::new();
    for (id, (existing, new)) in all.iter().enumerate() {
        input.push_str(&format!("{{\"id\":{id},\"check\":\"no-new-access\",\"existing\":{existing},\"new\":{new}}}\n"));
    }
    let path = std::env::temp_dir().join(format!("leastwise-bench-{}.jsonl", std::process::id()));
    std::fs::write(&path, input).unwrap();
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_leastwise")).arg("batch").arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    let mut answers = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answers).unwrap();
    child.wait().unwrap();
    let elapsed = started.elapsed();
    let _ = std::fs::remove_file(&path);
    let count = answers.lines().count();
    println!(
        "batch, all version pairs, all cores: {count} checks in {elapsed:.2?}, {:.0} a second",
        count as f64 / elapsed.as_secs_f64()
    );
}

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    println!("leastwise {}, Z3 {}", env!("CARGO_PKG_VERSION"), smt::version());
    // Sections by name; all without any.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let section = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    if section("growth") {
        growth();
    }
    if section("processes") {
        processes();
    }
    let (Some(lines_of_pairs), Some(managed)) = (lines("version-pairs.jsonl.zst"), lines("managed-policies.jsonl.zst")) else {
        println!("SKIPPED: no corpus (set LEASTWISE_CORPUS)");
        return;
    };
    let forward: Vec<(String, String)> =
        lines_of_pairs.iter().map(|line| (line["old"].to_string(), line["new"].to_string())).collect();
    // The catalog is read once a process; the first question should not pay for it.
    Catalog::latest().services().for_each(|service| _ = std::hint::black_box(service));
    if section("pairs") {
        let quick = settings(Engine::Auto, 1.0);
        pairs(&forward, "version pairs, forward", &quick);
        let back: Vec<(String, String)> = forward.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
        pairs(&back, "version pairs, back", &quick);
        let itself: Vec<(String, String)> =
            managed.iter().map(|line| (line["document"].to_string(), line["document"].to_string())).collect();
        pairs(&itself, "managed policies against themselves", &quick);
    }
    if section("batch") {
        batch(&forward);
    }
    if section("refine") {
        refinements(&managed);
    }
    let sample: Vec<(String, String)> = forward.iter().step_by(100).cloned().collect();
    if section("strings") {
        against(&sample, "--engine strings", &settings(Engine::Strings, 5.0));
    }
    if section("regex") {
        // Asked once for a verdict and any witness, while the default looks for every statement to blame as always.
        let baseline = Settings { realistic: false, ..settings(Engine::Regexes, 5.0) };
        against(&sample, "the whole-formula regular-expression encoding", &baseline);
    }
    let _ = std::io::stdout().flush();
}
