//! Words that decide what a phrase before a year is; each list compiled once.

use std::collections::HashSet;
use std::sync::LazyLock;

/// A set of words, only ever asked whether it holds one.
pub(super) type Words = LazyLock<HashSet<&'static str>>;

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_ascii_whitespace().collect()
}

/// Months, seasons and other words that make a year a date.
pub(super) static TIMES: Words = LazyLock::new(|| {
    set("january february march april may june july august september october november december jan feb \
         mar apr jun jul aug sep sept oct nov dec spring summer autumn winter monday tuesday wednesday \
         thursday friday saturday sunday easter christmas michaelmas accessed updated retrieved born died \
         est founded since until copyright bc ad ce bce circa about around year years date late early mid \
         between during version edition edn page released built act")
});

/// Things with a number that a student writes into brackets and that are no authors.
pub(super) static NUMBERED_THINGS: Words = LazyLock::new(|| {
    set("figure fig table tma ema icma question part section chapter block unit week activity session \
         book appendix equation step phase version level page line act scene stage study experiment \
         reading topic module theme case box slide task exercise paper article no number volume vol issue \
         covid")
});

/// Places and events that stand before a year more often than they are authors.
pub(super) static PLACES: Words = LazyLock::new(|| {
    set("london paris berlin england scotland wales ireland britain uk us usa eu europe america china \
         india japan france germany italy spain russia africa australia canada manchester birmingham \
         leeds liverpool glasgow edinburgh cardiff belfast dublin york bristol sheffield newcastle brexit \
         olympics covid-19 covid rome athens vienna moscow beijing tokyo rio madrid amsterdam geneva \
         brussels chernobyl hiroshima")
});

/// Last words of the names of works, laws and events.
pub(super) static WORKS: Words = LazyLock::new(|| {
    set(
        "report act bill theory model scale treaty convention declaration strategy framework agreement charter crisis \
         revolution war battle exhibition festival summit conference olympics election referendum riots disaster test \
         experiment principle law code plan paper manifesto budget census constitution amendment novel poem play film \
         painting album song pandemic",
    )
});

/// Words with a capital at the head of a sentence, or titles and callings, that are no part of a name.
pub(super) static LEADS: Words = LazyLock::new(|| {
    set("however in as according to similarly likewise furthermore moreover additionally also although \
         while whilst whereas both unlike like for when where since because finally firstly secondly \
         thirdly first second third then thus therefore hence yet but and or if so after before from by \
         on with following using see here again consequently conversely nevertheless nonetheless indeed \
         instead later recently research researchers theorist theorists sociologist psychologist \
         psychologists philosopher historian author authors writer critic scholar economist professor \
         prof dr mr mrs ms sir dame lord lady citing quoting drawing building adapted source through this \
         that these those it they we i he she what which figure table equally interestingly importantly \
         meanwhile today work studies contrary based is are does did can could would should there another \
         one some many most other others once only even despite given regarding concerning under over \
         within not no why how who ultimately overall perhaps earlier much such two three several all \
         each either neither just still until upon about among")
});

/// Particles of family names, in lower case.
pub(super) static PARTICLES: Words = LazyLock::new(|| {
    set("van von der den de del della di da dos das do du la le les ter ten te al el bin bint ibn af av \
         zu zur zum vom ap y e ben abu t op")
});

/// Small words inside the names of organisations.
pub(super) static CONNECTORS: Words =
    LazyLock::new(|| set("of for the on in to at from with by des und für et a as"));

/// Words that only the names of organisations (and of the things they publish) hold.
pub(super) static ORGANISATION_WORDS: Words = LazyLock::new(|| {
    set("university college school office department ministry organisation organization council institute \
         institution society association agency commission committee government bank team news times \
         guardian foundation trust centre center service services authority board bureau union federation \
         group company press museum library network alliance academy charity parliament assembly fund \
         partnership limited ltd plc inc corporation forum project programme england scotland wales uk \
         britain international national royal world european united nations british american health care \
         media magazine journal review post independent telegraph mail channel radio television tv online \
         global campaign coalition crown court police watch rights studies education research statistics \
         survey archive archives gallery encyclopaedia encyclopedia dictionary wikipedia google microsoft \
         youtube facebook women children kingdom republic state states city borough county economist \
         observer standard software technology technologies systems security alzheimer unicef unesco \
         oxfam barnardo skills authors editors staff consortium taskforce party act")
});
