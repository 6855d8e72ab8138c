//! Closed classes of English words that tell prose from word lists, and claims from their denials.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that hold sentences together; about two in five of all words of English prose.
static FUNCTION: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a about above across after again against all almost alone along already also although always am among an \
     and another any anyone anything are around as at away be because been before being below between both \
     but by can cannot could did do does doing done down during each either else enough even ever every \
     everyone everything few first for from had has have having he hence her here hers him himself his how \
     however i if in into is it its itself just least less many may me might more most much must my myself \
     neither never no nobody none nor not nothing now of off often on once one only onto or other others our \
     ours out over own per perhaps quite rather same second shall she should since so some someone something \
     still such than that the their theirs them themselves then there therefore these they this those though \
     through throughout thus to together too toward towards two under unless until up upon us very was we \
     well were what whatever when where whereas whether which while who whom whose why will with within \
     without would yet you your yours yourself"
        .split(' ')
        .collect()
});

/// Verbs in forms that are not told by their ending, most frequent in student writing.
static VERBS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "accept accepts act acts add adds affect affects agree agrees aim aims allow allows am appear appears \
     applies apply are argue argues ask asks be became become becomes been began begin begins being believe \
     believes belong belongs break breaks bring brings build builds built buy buys call calls came can cannot \
     care cares carries carry cause causes change changes check checks choose chooses chose claim claims come communicate communicates \
     comes compare compares consider considers consist consists contain contains continue cost costs could \
     count counts cover covers create creates cut cuts deal deals decide decides define defines depend \
     depends describe describes develop develops did differ differs discard discards discuss divide divides \
     do does draw draws enable enables end ends ensure ensures exist exists expect expects explain explains \
     face faces fail fails fall falls feel feels felt find finds follow follows force forces found gain gains \
     gave get gets give gives go goes got grow grows had halve halves happen happens has have hear heard held \
     help helps hold holds identifies identify ignore ignores improve improves include includes increase \
     increases involve involves is keep keeps kept knew know knows lead leads learn learns leave leaves led \
     left let lets lie lies like likes listen listens live lives look looks lose loses lost made make makes \
     may mean means meant meet meets met might move moves must need needs occur occurs offer offers open \
     opens pay pays play plays point points prefer prefers prevent prevents produce produces protect protects \
     prove proves provide provides put puts raise raises ran reach reaches read reads receive receives reduce \
     reduces refer refers reflect reflects relate relates remain remains remove removes repeat repeats \
     represent represents require requires respect respects result results return returns reveal reveals run \
     runs said saw say says see seek seeks seem seems seen send sends sent serve serves set sets shall shape \
     shapes share shares should show shown shows sit sits speak speaks spend spends spent split splits stand \
     stands start starts state states stay stays steal steals stop stops store stores suggest suggests \
     support supports take taken takes talk talks teach tell tells tend tends test tests think thinks thought \
     told took treat treats trick tricks tries try turn turns understand understands understood use uses \
     visit visits wait waits walk walks want wants was wash went were will work works would write writes \
     wrote"
        .split(' ')
        .collect()
});

/// Words after which an English sentence never has an article, a possessive's noun still to come.
static NEVER_AFTER_ARTICLE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "a an and are at be because been but by can could for from had has have he if in is it of or she so the \
     then they to was we were when which who will with would"
        .split(' ')
        .collect()
});

/// Words that deny what follows them in the clause.
static NEGATORS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "cannot fail failed fails false falsely hardly incorrect lack lacking lacks mistakenly myth neither never \
     no nobody none nor not nothing scarcely untrue without wrongly"
        .split(' ')
        .collect()
});

/// Words at which a denial stops reaching on.
static CLAUSE_BREAKS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "although and because but except however so though unless until whereas while".split(' ').collect()
});

/// Words that rubrics use to speak of an answer, not of its subject.
static RUBRIC_TALK: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "account accurate accurately adequate affect affects analyse analyses analysis answer answers applies \
     apply appropriate appropriately argument assess assumes attempt attempts basic believes brief claims \
     clear clearly come comment comprehensive confuse confuses consider considers convincing course critical \
     critically critique demonstrate demonstrates describe describes description detail detailed develop \
     developed discuss discussed discusses discussion draw draws effective essay evaluate evaluates evident \
     excellent explain explained explains explanation explicit fair first full fully generally good idea \
     ideas identified identifies identify include includes including insight insightful issue issues key \
     knowledge lacking limited link linked links little made main many material mean means mention mentioned \
     mentions minimal missing module name names partial partially point points poor present provide provides \
     question reader reference refers relevant satisfactory say says several show shows some sound state \
     states strong student such sufficient thinks thorough thoroughly topic treats understanding understands \
     use used uses using vague various very weak well written"
        .split(' ')
        .collect()
});

/// The classes that a word belongs to, looked up once for all its uses in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Classes(u8);

impl Classes {
    const FUNCTION: u8 = 1;
    const VERB: u8 = 1 << 1;
    const NEGATOR: u8 = 1 << 2;
    const CLAUSE_BREAK: u8 = 1 << 3;
    const DETERMINER: u8 = 1 << 4;
    const ARTICLE: u8 = 1 << 5;
    const NEVER_AFTER_ARTICLE: u8 = 1 << 6;

    /// Of a lower-case word.
    pub(crate) fn of(word: &str) -> Self {
        let classes = [
            (Self::FUNCTION, is_function(word)),
            (Self::VERB, is_verb(word)),
            (Self::NEGATOR, is_negator(word)),
            (Self::CLAUSE_BREAK, CLAUSE_BREAKS.contains(word)),
            (Self::DETERMINER, is_determiner(word)),
            (Self::ARTICLE, matches!(word, "a" | "an" | "the")),
            (Self::NEVER_AFTER_ARTICLE, NEVER_AFTER_ARTICLE.contains(word)),
        ];
        Self(classes.iter().filter(|(_, belongs)| *belongs).map(|(class, _)| class).sum())
    }

    fn has(self, class: u8) -> bool {
        self.0 & class != 0
    }

    /// See [`is_function`].
    pub(crate) fn is_function(self) -> bool {
        self.has(Self::FUNCTION)
    }

    /// See [`is_verb`].
    pub(crate) fn is_verb(self) -> bool {
        self.has(Self::VERB)
    }

    /// See [`is_negator`].
    pub(crate) fn is_negator(self) -> bool {
        self.has(Self::NEGATOR)
    }

    /// Whether a denial stops reaching on at the word.
    pub(crate) fn is_clause_break(self) -> bool {
        self.has(Self::CLAUSE_BREAK)
    }

    /// See [`is_determiner`].
    pub(crate) fn is_determiner(self) -> bool {
        self.has(Self::DETERMINER)
    }

    /// Whether the word is an article, and `next` cannot stand right after one in English.
    pub(crate) fn breaks_before(self, next: Self) -> bool {
        self.has(Self::ARTICLE) && next.has(Self::NEVER_AFTER_ARTICLE)
    }
}

/// Whether this lower-case word is a function word.
pub(crate) fn is_function(word: &str) -> bool {
    FUNCTION.contains(word)
}

/// Whether this lower-case word is, or looks like, a verb.
pub(crate) fn is_verb(word: &str) -> bool {
    VERBS.contains(word)
        || word.ends_with("n't")
        || word.ends_with("n’t")
        || (word.len() > 4
            && ["ed", "ing", "ises", "izes", "ifies", "ates"].iter().any(|e| word.ends_with(e)))
}

/// Whether this lower-case word denies what follows.
pub(crate) fn is_negator(word: &str) -> bool {
    NEGATORS.contains(word) || word.ends_with("n't") || word.ends_with("n’t")
}

/// Whether this lower-case word is an article or a possessive, which phrases may leave out.
pub(crate) fn is_determiner(word: &str) -> bool {
    matches!(
        word,
        "a" | "an"
            | "the"
            | "this"
            | "that"
            | "these"
            | "those"
            | "its"
            | "their"
            | "your"
            | "my"
            | "our"
            | "his"
            | "her"
    )
}

/// Whether this lower-case word speaks of an answer, not of its subject.
pub(crate) fn is_rubric_talk(word: &str) -> bool {
    RUBRIC_TALK.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_told_by_list_or_ending() {
        for verb in ["is", "discards", "compared", "looking", "doesn't"] {
            assert!(is_verb(verb), "{verb}");
        }
        for other in ["list", "middle", "red", "consent"] {
            assert!(!is_verb(other), "{other}");
        }
    }
}
