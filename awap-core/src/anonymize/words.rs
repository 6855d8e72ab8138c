//! Words that tell a name from a word: names that are words, words that are no names, titles.

use std::collections::HashSet;
use std::sync::LazyLock;

/// How far a part of a name can be told from an ordinary word by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ambiguity {
    /// A name and nothing else: found wherever it stands.
    Plain,
    /// Also a word (`grace`, `young`), or of two letters (`Ng`): found by itself where it is written and used as a
    /// name.
    Word,
    /// Also something that is written with a capital (`May`, `Jordan`, `Black`), or one of the shortest words (`An`):
    /// found by itself only after a cue.
    Proper,
}

/// How ambiguous `part` (folded) is.
pub(super) fn ambiguity(part: &str) -> Ambiguity {
    let letters = part.chars().filter(|c| c.is_alphabetic()).count();
    let spaced = part.chars().all(|c| c.is_ascii() || c.is_lowercase());
    let short = letters <= 2 && spaced;
    if letters <= 1 || ALSO_PROPER.contains(part) || short && ALSO_WORDS.contains(part) {
        Ambiguity::Proper
    } else if short || ALSO_WORDS.contains(part) {
        Ambiguity::Word
    } else {
        Ambiguity::Plain
    }
}

pub(super) fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

/// Given and family names that are also English words which are written in lower case.
static ALSO_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    will grace hope faith joy june rose lily daisy violet iris ivy olive heather holly ruby pearl amber jade crystal
    dawn eve star sky angel chance chase hunter mason carter cooper parker taylor tyler archer baker miller bill rob
    pat art mark frank grant jack drew guy earl duke king prince miles gene ray rich dick nick pip sue bea penny
    patience prudence charity constance verity mercy honor honour gay bliss merry page brook brooke reed wade cliff
    rocky sandy stormy robin jay wren drake colt buck buddy max van victor victory viola melody harmony destiny
    trinity nova sage basil rosemary ginger cherry clay flint rusty dale glen heath forest river lane ford long short
    small little strong hill wood woods field fields stone stones rivers lake pool marsh moor moore bush banks bank
    bridge church castle hall house park parks street knight bishop pope abbot prior judge chambers cook fisher butler
    carpenter potter turner walker ward wells winter winters summer summers day noon night price cash sharp swift
    stark wise good best power powers love moody bird fox wolf lamb bull crane swan finch fish pike bass berry bean
    rice pepper major case cross court close down early ends gold silver diamond glass land law laws might must shall
    can could would should ring root rush self shell ship speed spring steel stern storm strange temple thorn town tree
    vale wall walls weeks wild wilde worth yard young youngs son sun song so no an in on to do he she me my we you our
    her his it is at as or be by go if up us of the and but for not who how why what when where which with from this
    that they them than then there these those some any all one two ten six more most much many few each every
    new old first last next past present true fair free full high low deep wide open hard easy light dark bright clear
    clean cool cold hot warm wet dry sweet bitter sour salt sugar honey candy cookie apple plum peach lemon
    bell bells ball bond book books boot boots box branch bread brand broad burn burns bright bruce buckle bud
    burden cage camp cane cannon cape card care cave chain chalk champion chapel chapman chart child childs churchill
    clerk coal coat coin comb cord corn cotton couch craft crisp crow crown curry dance daring dear
    dell dice dodge doll door dove drum dust eagle east edge fallow falls fanning farmer farrow fear fence fern
    fields fine flag flood flower flowers foot foreman foster fountain freed freeman frost gale game gamble
    garden gardener gate gates gentle gift goldsmith goose granger grave graves green greens grove guest gun
    hand hands harper harrow hart hatch hawk hay hazel head heard heart heaven hedge herd hill hills hog holder
    hollow home hood hook horn house howl hull hunt hunter ice inch inn iron jewel joiner joy judge keen key keys
    kitchen kite lace lance latch lark leaf leaves legend lion lock loft lord low lumber lynch manger manners manning
    march marsh marshal marshall mast maze mead mean mellow merchant merit mild mill mills mind mist monk moon moss
    mount mustard myth nail neat needle nest noble north nut oak oaks orchard organ page pace pack packer painter palm
    paradise pardon pear peck peel penn perch picks pitch place plant pole pond porter post pound pride
    priest proud pulley quick quill race rain ram ranger raven read reader rector ridge rider rivers road
    roads rock roman rook rooms row rug ruler rust sack sail saint sales salmon sand sands savage
    sawyer scholar sea seal seed seller service seven shade shaft sheen shepherd sheriff shore shutter sides singer
    skinner slate slaughter sleight smart smoke snow south spark sparks spear spicer spike spinner
    squire squires staff stamp staple steady steer step stock stout straw stream
    swallow swan tanner tape teller thatcher thick thrush tiller tinker tower towers trapper treasure trim
    trout tuck tune tucker upright usher valentine valley veil vest vice vine voice wade wagner wagon wait wake
    walk warden warm warner wash waste water waters wax way weaver weed welcome west wheat wheel wheeler whistle
    whitehead wick wilder wind winder window wing wings wish wool worm wren yeoman yes
    abbey amen arch archer armour arrow ash barber barley barn baron barrel base bay beach beacon beam bear
    beard bee belle bench bent bible birch bishop bit blade blank blaze bloom blue blunt boast boat bold bone bones
    boss bow bowl bowler boy brace brain brake brass brave breeze brewer brick bride brush bunch burr butcher button
    cabbage cable cadet calm candle canon captain cardinal caring carol cart carver caster cat cedar chandler chanter
    cheer chestnut chief china christian clarity clay clement cliffs clover coach coke collar collier commons
    constable coral core cork count counter coward cowper cox crab craven creed creek crook croft crump cry
    crystal cub cupid cutter cypress dame darling dash dean deal deacon den dew dewey dill dim divine dollar don
    draper dream drew driver dry duck dyer echo elder ember emerald emery essence ever faithful fallen farm faulk
    felicity fellow felt fennel ferry fiddler fleet fletcher flint flora flow forge fowler franklin friday friend
    fuller gable gallant garland garner garnet gem general genesis gentry gill glad glover gram grand granite gray grey
    graceful griffin grim groom grounds gully hail hale halo harbour hardy harm haven haze heap herb hero hewer hick
    hind hitch holiday holt honest hopper horse hound hurt hyde imp ink isle ivory jasper jazz jet jolly journey
    joyce just justice kidder kin kind kinder lad lady lake lamp lancer lark laurel lavender law lawless
    lawyer leach leader lean lee legacy lever liberty link list little liver loader locke locks lodge lot loud love
    lovely loyal luck lucky lush lyric magic maiden mallow maple marble marine marker marks marlin marrow marvel master
    masters maverick mayor meadow meadows medal melon memory mercer mere mermaid mice middle miner mint miracle mole
    moody moral morrow mort mortal mouse mule mushroom muse music myrtle nash nettle nova nurse onion
    opal orange orchid organ osprey otter paddock page paler pane parable parent parish parson partridge passion
    pastor patch peace peacock pearl pease peer pilgrim pine piper plato player plumb plumber poet point polo
    poppy precious primrose prosper purple quarry queen quiet rabbit radish raine ransom rave raw ray red reeve
    reeves regal rhyme ripple rite rivet roach robe robins roe rooster ruff ruffle rule russet rye sabbath saddler sage
    salter scarlet season seasons self senior serene serenity shadow sheep shine shook short shower sierra
    silk simple sky slack slater sleep sly small solace solomon sparrow spell spirit spruce
    stable star starling sterling stiles still stirling stow street style summit surrey sutton tailor tate
    teal tempest tenant terry thistle thyme tide tiger tile timber tom tone topping topaz torrent tough town trainer
    trivial truth tulip twin valor velvet venture vicar vigil village violet virtue vision walks warrior
    wary watch waver wealth weal welder whale whisper whittle wiggle willow willows wills wilt wit witty wonder woodland
    woodman woody worthy wrath yarn yarrow yearling zeal zest
    ")
});

/// Names that are also months, days, countries, cities, peoples, languages: written with a capital either way.
static ALSO_PROPER: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    may april june july august march january february september october november december
    monday tuesday wednesday thursday friday saturday sunday easter christmas
    black white brown english french welsh irish german scott scot england ireland wales france holland london york
    lincoln washington jordan chad israel china india georgia virginia florence paris sydney austin dallas savannah
    kent essex sussex asia america africa europe britain spain cuba kenya malaysia germany brazil argentina
    carolina dakota houston jackson madison phoenix charlotte alexandria victoria adelaide melbourne perth
    durham derby lancaster chester warwick preston bolton burton burnley carlisle bradford bristol bath leicester
    nottingham sheffield lincoln stafford stamford wells ely bedford buckingham oxford cambridge milton
    venice siena vienna verona roman roma lourdes odessa geneva lisbon madrid
    norman saxon christian islam moslem muslim jew judaism buddha jesus christ god lord
    python java ruby swift julia ada pascal pearl perl scala r c sage claude alexa siri watson
    ")
});

/// Words with a capital that stand where a name might and are none.
static NOT_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    a an and are as at be but by did do does for from had has have he her here hers him his how i if in into is it its
    just let like me my no nor not now of off on once one only or our out over own she should so some such than that the
    their them then there these they this those though through thus to too under until up us was we were what when where
    which while who whom whose why with would yes yet you your yours both each every either neither any all most many
    several few first second third finally however therefore moreover furthermore although because since before after
    during between against without within about above below also another again further because indeed instead
    introduction conclusion conclusions discussion abstract summary references bibliography appendix contents reference
    question questions part section task answer answers activity exercise block unit week chapter page pages table
    figure fig appendix module modules assignment assessment tma ema cma icma tutor marked course essay report title
    word words count wordcount date dated submitted submission university open school college faculty department
    student students name names personal identifier pi id oucu number no email mail address phone tel telephone mobile
    username user home draft final version copy document docx doc pdf odt rtf txt reflection reflections reflective
    design thinking challenge selection application insight approach story storytelling mapping mind visualization
    launch learning journal portfolio project proposal review critical analysis case study studies introduction
    background method methods methodology results findings literature theory theories model models hypothesis
    limitations recommendations aims aim objectives objective evaluation overview plan planning evidence
    monday tuesday wednesday thursday friday saturday sunday january february march july september
    october november december spring autumn winter
    roll dm num pin interviewer interviewee map maps nhs
    regards thanks thank best kind sincerely faithfully dear hello hi wishes signed yours truly respectfully
    microsoft google apple facebook twitter instagram linkedin youtube amazon zoom teams word excel powerpoint office
    windows macos linux python java javascript html css sql github adobe ibm intel nasa bbc nhs uk us usa eu un who
    england scotland wales ireland britain london europe america africa asia australia india china france germany italy
    spain canada english british american european african asian french german spanish italian scottish welsh irish
    internet covid council government parliament ministry minister department agency authority trust charity company
    ltd limited plc inc llp corp group association society institute institution foundation centre center hospital
    surgery clinic church library museum bank street road avenue lane drive court house hall park station
    professor doctor mr mrs ms miss mx dr prof sir
    mother father mum mam dad mom brother sister son daughter husband wife uncle aunt grandmother grandfather
    tutorial tutors lecturer supervisor manager colleague lesson lessons
    part-time full-time self-reflection peer peer-graded graded visualisation tool tools innovation business
    untitled unknown anonymous author admin administrator owner default guest test
    nan null none true false todo
    ")
});

/// Whether `word` (folded) is a word that starts sentences, headings or lines of a cover sheet and is no name.
pub(super) fn is_not_a_name(word: &str) -> bool {
    NOT_NAMES.contains(word)
}

/// Whether `word` (folded) stands after a name to say what its bearer will or may do.
pub(super) fn is_modal(word: &str) -> bool {
    matches!(word, "will" | "would" | "can" | "could" | "may" | "might" | "must" | "shall" | "should")
}

/// Words of places and groups that are family names after a given name (`Noor Hall`).
pub(super) fn is_also_family(word: &str) -> bool {
    matches!(
        word,
        "hall"
            | "lane"
            | "park"
            | "house"
            | "court"
            | "bank"
            | "street"
            | "drive"
            | "church"
            | "love"
            | "case"
            | "page"
            | "word"
            | "best"
            | "day"
            | "march"
            | "block"
            | "banks"
            | "lord"
            | "major"
            | "story"
            | "peer"
            | "may"
            | "self"
            | "marks"
            | "small"
    )
}

/// Titles before a name, folded, without the full stop.
pub(super) fn is_title(word: &str) -> bool {
    matches!(
        word,
        "mr" | "mrs"
            | "ms"
            | "miss"
            | "mx"
            | "dr"
            | "prof"
            | "professor"
            | "sir"
            | "dame"
            | "rev"
            | "reverend"
            | "fr"
            | "father"
            | "sister"
            | "lady"
            | "lord"
            | "mme"
            | "mlle"
            | "herr"
            | "frau"
            | "senor"
            | "senora"
            | "sr"
            | "sra"
            | "shri"
            | "smt"
            | "hajji"
            | "imam"
            | "rabbi"
            | "capt"
            | "captain"
            | "sgt"
            | "cllr"
            | "doctor"
            | "brigadier"
            | "deaconess"
            | "auntie"
            | "aunty"
            | "uncle"
            | "aunt"
            | "nan"
            | "granny"
            | "grandad"
    )
}

/// Titles that may stand before the student's own name and go with it.
pub(super) fn is_honorific(word: &str) -> bool {
    matches!(
        word,
        "mr" | "mrs"
            | "ms"
            | "miss"
            | "mx"
            | "dr"
            | "prof"
            | "professor"
            | "sir"
            | "dame"
            | "rev"
            | "reverend"
            | "mme"
            | "mlle"
            | "shri"
            | "smt"
            | "cllr"
    )
}

/// Small words inside family names, folded.
pub(super) fn is_particle(word: &str) -> bool {
    matches!(
        word,
        "van"
            | "von"
            | "der"
            | "den"
            | "de"
            | "del"
            | "della"
            | "di"
            | "da"
            | "do"
            | "dos"
            | "das"
            | "du"
            | "la"
            | "le"
            | "les"
            | "el"
            | "al"
            | "ad"
            | "as"
            | "ash"
            | "an"
            | "ul"
            | "ur"
            | "bin"
            | "ibn"
            | "bint"
            | "ben"
            | "ap"
            | "ab"
            | "ter"
            | "ten"
            | "te"
            | "op"
            | "zu"
            | "zum"
            | "y"
            | "e"
            | "st"
            | "o"
            | "d"
            | "mac"
            | "mc"
            | "abu"
            | "abd"
            | "af"
            | "av"
            | "i"
            | "lo"
            | "dal"
            | "degli"
            | "dei"
            | "nic"
            | "ni"
            | "ui"
            | "vd"
            | "'t"
            | "t"
            | "'s"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_names_from_words() {
        for (part, expected) in [
            ("kwame", Ambiguity::Plain),
            ("owusu", Ambiguity::Plain),
            ("grace", Ambiguity::Word),
            ("young", Ambiguity::Word),
            ("may", Ambiguity::Proper),
            ("li", Ambiguity::Word),
            ("an", Ambiguity::Proper),
            ("김민수", Ambiguity::Plain),
        ] {
            assert_eq!(ambiguity(part), expected, "{part}");
        }
    }
}
