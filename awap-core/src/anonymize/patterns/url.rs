//! Addresses of web pages, and which of them are a person's own.

use super::{before, has_cue};
use crate::anonymize::finding::{Finding, Label};
use crate::anonymize::person::Person;
use crate::anonymize::pieces::{Piece, touches};
use crate::anonymize::recognizer::Context;
use crate::anonymize::words::Ambiguity;
use crate::text::{Span, fold};

/// Finds all URLs; reports those that are a person's own; returns all.
///
/// A person's own are: profiles on sites of people; pages on hosts that give each person a place; pages at whose host
/// or user folder the student's name stands; pages at a host that is somebody's given and family name; pages that the text
/// calls the writer's own (`my blog`). References,
/// DOIs and pages of organisations stay.
pub(super) fn find(text: &str, piece: &Piece, context: &Context<'_>, out: &mut Vec<Finding>) -> Vec<Span> {
    let mut urls = Vec::new();
    let mut last = 0;
    for start in starts(text) {
        if start < last {
            continue;
        }
        let (span, scanned) = extent(text, start);
        last = scanned;
        let Some(span) = span else { continue };
        urls.push(span);
        if let Some((rule, confidence)) = is_personal(text, span, piece, context) {
            out.push(Finding::value(span, Label::UrlPersonal, rule, confidence));
        }
    }
    urls
}

/// Where URLs may start: a scheme, `www.`, or the name of a site of people.
fn starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'@' || b == b'/';
    for at in memchr::memmem::find_iter(bytes, b"://") {
        let mut start = at;
        while start > 0 && at - start < 6 && bytes.get(start - 1).is_some_and(u8::is_ascii_alphabetic) {
            start -= 1;
        }
        if start < at {
            found.push(start);
        }
    }
    // Without a scheme: the host starts at a boundary.
    for at in memchr::memchr_iter(b'.', bytes) {
        let host_end = bytes.get(at + 1..).unwrap_or_default().iter().take_while(|b| word(**b)).count();
        if host_end < 2 {
            continue;
        }
        let mut start = at;
        while start > 0
            && at - start < 64
            && bytes.get(start - 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_')
        {
            start -= 1;
        }
        let previous = start.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
        if start == at || matches!(previous, b'.' | b'/' | b'@' | b':') || previous >= 0x80 {
            continue;
        }
        let rest = bytes.get(start..(at + 40).min(bytes.len())).unwrap_or_default();
        let lower = String::from_utf8_lossy(rest).to_ascii_lowercase();
        let known = lower.starts_with("www.")
            || SITES.iter().any(|s| lower.strip_prefix(s.host).is_some_and(|r| r.starts_with('/')))
            || HOSTS.iter().any(|h| {
                lower.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default().ends_with(h)
            });
        if known {
            found.push(start);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The URL that starts at `start`, without the marks of the sentence around it; and how far was looked.
fn extent(text: &str, start: usize) -> (Option<Span>, usize) {
    let rest = text.get(start..).unwrap_or_default();
    let len = rest
        .char_indices()
        .take(2048)
        .find(|(_, c)| c.is_whitespace() || "<>\"“”|{}[]«»`".contains(*c))
        .map_or(rest.len().min(8192), |(i, _)| i);
    let mut url = rest.get(..len).unwrap_or_default();
    loop {
        let trimmed = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '’', '*', '_']);
        let trimmed = match trimmed.strip_suffix(')') {
            Some(inner) if inner.matches('(').count() <= inner.matches(')').count() => inner,
            _ => trimmed,
        };
        if trimmed.len() == url.len() {
            break;
        }
        url = trimmed;
    }
    let found = (url.len() > 6 && url.contains('.')).then(|| Span::new(start, start + url.len()));
    (found, start + len)
}

/// A site on which each person has a page.
struct Site {
    host: &'static str,
    /// What the path of a person's page starts with; empty where any first segment is an account.
    prefix: &'static str,
}

const SITES: &[Site] = &[
    Site { host: "linkedin.com", prefix: "" },
    Site { host: "facebook.com", prefix: "" },
    Site { host: "fb.com", prefix: "" },
    Site { host: "instagram.com", prefix: "" },
    Site { host: "twitter.com", prefix: "" },
    Site { host: "x.com", prefix: "" },
    Site { host: "tiktok.com", prefix: "@" },
    Site { host: "github.com", prefix: "" },
    Site { host: "gitlab.com", prefix: "" },
    Site { host: "bitbucket.org", prefix: "" },
    Site { host: "medium.com", prefix: "@" },
    Site { host: "youtube.com", prefix: "@" },
    Site { host: "snapchat.com", prefix: "add/" },
    Site { host: "pinterest.com", prefix: "" },
    Site { host: "reddit.com", prefix: "u" },
    Site { host: "t.me", prefix: "" },
    Site { host: "wa.me", prefix: "" },
    Site { host: "threads.net", prefix: "@" },
    Site { host: "bsky.app", prefix: "profile" },
    Site { host: "orcid.org", prefix: "" },
    Site { host: "soundcloud.com", prefix: "" },
    Site { host: "vimeo.com", prefix: "user" },
    Site { host: "flickr.com", prefix: "people" },
    Site { host: "behance.net", prefix: "" },
    Site { host: "dribbble.com", prefix: "" },
    Site { host: "scratch.mit.edu", prefix: "users" },
    Site { host: "codepen.io", prefix: "" },
    Site { host: "replit.com", prefix: "@" },
    Site { host: "kaggle.com", prefix: "" },
    Site { host: "stackoverflow.com", prefix: "users" },
    Site { host: "researchgate.net", prefix: "profile" },
    Site { host: "about.me", prefix: "" },
    Site { host: "linktr.ee", prefix: "" },
    Site { host: "patreon.com", prefix: "" },
    Site { host: "etsy.com", prefix: "shop" },
    Site { host: "sites.google.com", prefix: "" },
    Site { host: "padlet.com", prefix: "" },
];

/// First path segments on such sites that are no account.
const NOT_ACCOUNTS: &[&str] = &[
    "about",
    "blog",
    "company",
    "school",
    "groups",
    "events",
    "help",
    "support",
    "search",
    "explore",
    "topics",
    "features",
    "legal",
    "privacy",
    "terms",
    "hashtag",
    "share",
    "sharer",
    "sharer.php",
    "watch",
    "pulse",
    "learning",
    "posts",
    "p",
    "reel",
    "i",
    "intent",
    "home",
    "login",
    "signup",
    "datasets",
    "c",
    "competitions",
    "policies",
    "pricing",
    "docs",
    "pages",
    "feed",
    "jobs",
    "news",
    "business",
    "marketplace",
];

/// Hosts that give each person a place of their own (`name.wordpress.com`).
const HOSTS: &[&str] = &[
    ".wordpress.com",
    ".blogspot.com",
    ".blogspot.co.uk",
    ".github.io",
    ".gitlab.io",
    ".tumblr.com",
    ".substack.com",
    ".medium.com",
    ".weebly.com",
    ".wixsite.com",
    ".wix.com",
    ".webnode.com",
    ".livejournal.com",
    ".carrd.co",
    ".neocities.org",
    ".netlify.app",
    ".vercel.app",
    ".pages.dev",
    ".home.blog",
    ".wordpress.org",
    ".bsky.social",
    ".me.uk",
    ".portfoliobox.net",
    ".crevado.com",
    ".journoportfolio.com",
    ".blog",
    ".me",
    ".name",
];

fn is_personal(text: &str, span: Span, piece: &Piece, context: &Context<'_>) -> Option<(&'static str, f64)> {
    let url = fold(span.of(text));
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let (host, path) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
    let host = host.split(':').next().unwrap_or_default();
    if named(host, path, context) {
        return Some(("pattern.url_named", 0.95));
    }
    let listed = touches(&piece.lists, span);
    if !listed && !cited(text, span) && is_called_after(host, context.roster.student()) {
        return Some(("pattern.url_named", 0.85));
    }
    let base = host
        .strip_prefix("m.")
        .or_else(|| host.split_once('.').filter(|(l, _)| l.len() == 2).map(|(_, r)| r))
        .unwrap_or(host);
    let own = calls_it_own(text, span);
    for site in SITES {
        if base != site.host && host != site.host {
            continue;
        }
        let segment = path.split(['/', '?', '#']).next().unwrap_or_default();
        let account =
            !segment.is_empty() && !NOT_ACCOUNTS.contains(&segment) && path.starts_with(site.prefix);
        // In a reference list a repository or a post is a source, not the student's.
        return (account && (!listed || own)).then_some(("pattern.url_profile", 0.9));
    }
    if !listed && !cited(text, span) && is_named_host(host) {
        return Some(("pattern.url_own_name", 0.8));
    }
    let hosted = HOSTS.iter().any(|h| host.len() > h.len() && host.ends_with(h)) && !is_reserved(host);
    if hosted && (!listed || own) && !cited(text, span) {
        return Some(("pattern.url_home", 0.85));
    }
    own.then_some(("pattern.url_own", 0.9))
}

/// Shops and makers that are called after a person.
const BRANDS: &[&str] = &[
    "johnlewis",
    "ralphlauren",
    "calvinklein",
    "tommyhilfiger",
    "michaelkors",
    "stellamccartney",
    "paulsmith",
    "tedbaker",
    "lauraashley",
    "jackwills",
    "hugoboss",
    "louisvuitton",
    "christiandior",
    "annsummers",
    "rogerebert",
    "johndeere",
    "jamieoliver",
    "williamhill",
    "jackdaniels",
    "katespade",
    "marcjacobs",
    "harrypotter",
    "marksandspencer",
];

/// Whether the host is somebody's name and no more: a given and a family name (`anna-mensah.co.uk`, `www.kofi_owusu.net`), a
/// double-barrelled family name (`spencer-barnes.com`), a given name before one (`annapritchley-barnes.com`), or a word that no list
/// has before a rare family name (`xiulan_thomson.org`).
fn is_named_host(host: &str) -> bool {
    use awap_names::lists::known::{FAMILY, GIVEN, frequency};
    // The owner's name is the first label; what follows is `com`, `org.uk`.
    let Some((label, rest)) = host.split_once('.') else { return false };
    if rest.split('.').count() > 2 || rest.split('.').any(|l| l.len() > 5) || BRANDS.contains(&label) {
        return false;
    }
    let is = |word: &str, kind: u16| {
        let known = awap_names::known_of(word);
        word.len() >= 3 && word.is_ascii() && known & kind != 0 && frequency(known) <= 2
    };
    let is_full = |word: &str| {
        (3..word.len().saturating_sub(2)).any(|at| {
            word.split_at_checked(at).is_some_and(|(given, family)| is(given, GIVEN) && is(family, FAMILY))
        })
    };
    let mut words: Vec<&str> = label.split(['-', '_']).collect();
    match (words.len(), words.pop()) {
        (1, Some(word)) => word.len() >= 8 && is_full(word),
        (2 | 3, Some(family)) => {
            let rare = |word: &str| is(word, FAMILY) && frequency(awap_names::known_of(word)) == 0;
            // No word that is known: a given name that no list has.
            let foreign = |word: &str| word.len() >= 3 && awap_names::known_of(word) == 0;
            is(family, FAMILY)
                && words.first().is_some_and(|first| {
                    is(first, GIVEN)
                        || is_full(first)
                        || starts_with_given(first)
                        || rare(family) && (rare(first) || foreign(first))
                })
        }
        _ => false,
    }
}

/// Whether `word` is a given name with letters after it that are no word: the first half of a rare double-barrelled name.
fn starts_with_given(word: &str) -> bool {
    use awap_names::lists::known::{GIVEN, frequency};
    (4..word.len().saturating_sub(3)).any(|at| {
        word.split_at_checked(at).is_some_and(|(given, rest)| {
            let known = awap_names::known_of(given);
            known & GIVEN != 0 && frequency(known) <= 2 && awap_names::known_of(rest) == 0
        })
    })
}

fn is_reserved(host: &str) -> bool {
    ["en.", "www.", "support.", "docs.", "developer.", "help.", "blog."].iter().any(|p| host.starts_with(p))
}

/// Whether the URL stands as the source of something: `Available at:`, `(Accessed …)`, `doi`.
fn cited(text: &str, span: Span) -> bool {
    let head = before(text, span.start, 40);
    has_cue(
        &head,
        &["available at", "available from", "retrieved from", "accessed", "source", "from", "doi"],
        4,
    )
}

/// Whether the text calls the page the writer's own.
fn calls_it_own(text: &str, span: Span) -> bool {
    let mut from = span.start.saturating_sub(60);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let head = fold(text.get(from..span.start).unwrap_or_default());
    let own = head.rmatch_indices("my ").next().map(|(at, _)| head.get(at + 3..).unwrap_or_default());
    let thing = |t: &str| {
        [
            "website",
            "web site",
            "site",
            "blog",
            "page",
            "homepage",
            "home page",
            "profile",
            "portfolio",
            "code",
            "repo",
            "repository",
            "github",
            "channel",
            "account",
            "linkedin",
            "diary",
            "journal",
        ]
        .iter()
        .any(|w| t.contains(w))
    };
    own.is_some_and(|t| thing(t) && !t.contains(". "))
        || [
            "a blog",
            "personal website",
            "personal page",
            "personal site",
            "profile:",
            "homepage:",
            "social:",
            "website:",
            "blog:",
        ]
        .iter()
        .any(|cue| head.rfind(cue).is_some_and(|at| head.len() - at <= cue.len() + 14))
}

/// Whether the host begins with the student's given name and initials (`ewawc.example.org` of Ewa Wright-Cole), or with a part of the name on
/// a host of people's pages (`gillthinks.blogsite.org`).
fn is_called_after(host: &str, student: &Person) -> bool {
    let Some((label, rest)) = host.split_once('.') else { return false };
    student.parts.iter().any(|part| {
        let Some(more) = label.strip_prefix(part.text.as_str()) else { return false };
        let letters = part.text.chars().count();
        let initials =
            !more.is_empty() && more.len() <= 3 && more.chars().all(|c| student.initials.contains(&c));
        initials && letters >= 3 && student.initials.len() > 1
            || letters >= 4 && ["blog", "pages", "home", "site", "diary"].iter().any(|w| rest.contains(w))
    })
}

/// Whether the student's name is in the host or the first segments of the path.
fn named(host: &str, path: &str, context: &Context<'_>) -> bool {
    let place: String = format!("{host}/{}", path.split('/').take(3).collect::<Vec<_>>().join("/"));
    let letters: String = place.chars().filter(|c| c.is_alphanumeric() || *c == '/').collect();
    let student = context.roster.student();
    let initials = |s: &str| s.len() <= 3 && s.chars().all(|c| student.initials.contains(&c));
    let parts = student.parts.iter().filter(|p| letters.contains(&p.text.replace('\'', ""))).count();
    parts >= 2
        || student.parts.iter().any(|p| {
            p.ambiguity == Ambiguity::Plain
                && p.text.chars().count() >= 5
                && place.split(|c: char| !c.is_alphanumeric()).any(|t| {
                    t.starts_with(p.text.as_str()) || t.strip_suffix(p.text.as_str()).is_some_and(initials)
                })
        })
        || context
            .known
            .values
            .iter()
            .any(|v| v.label == Label::Username && v.text.len() >= 5 && place.contains(&v.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_be_called_after_the_student() {
        let mut student = Person::student();
        student.add("Ewa Wright-Cole", None);
        for (host, expected) in [
            ("ewawc.example.org", true),
            ("wrightthinks.blogsite.org", true),
            ("ewart.example.org", false),
            ("wright.example.org", false),
            ("colebrook.gov.uk", false),
        ] {
            assert_eq!(is_called_after(host, &student), expected, "{host}");
        }
    }

    #[test]
    fn a_host_that_is_a_whole_name_is_a_person_s() {
        for host in [
            "anna-mensah.co.uk",
            "kofi_owusu.net",
            "www2.com",
            "thomas-hurd.biz",
            "sarahokonkwo.com",
            "spencer-barnes.com",
            "annapritchley-barnes.co.uk",
            "xiulan_thomson.org",
        ] {
            assert_eq!(is_named_host(host), host != "www2.com", "{host}");
        }
        for host in [
            "johnlewis.com",
            "open.ac.uk",
            "google.com",
            "climate-data.org",
            "stack-overflow.com",
            "learn.open.ac.uk",
            "newscientist.com",
            "sagepub.com",
            "tandfonline.com",
            "academic.oup.com",
            "health-street.net",
            "ernst-young.com",
            "rolls-royce.com",
            "johnson-matthey.com",
            "marks-spencer.com",
            "procter-gamble.com",
            "price-waterhouse.com",
            "market-watson.com",
            "wordpress.org",
        ] {
            assert!(!is_named_host(host), "{host}");
        }
    }
}
