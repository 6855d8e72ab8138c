//! What people are to a writer and to the public: kin and roles, titles, thinkers whom every reader knows.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words::set;

/// Kin, friends and people one works or studies with, folded: `my wife Indah`.
pub(super) fn is_relation(word: &str) -> bool {
    RELATIONS.contains(word)
}

static RELATIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    wife husband partner fiance fiancee spouse ex girlfriend boyfriend mother father mum mam mom mummy dad daddy parent
    stepmother stepfather stepmum stepdad stepson stepdaughter stepbrother stepsister son sons daughter daughters child
    children kid kids baby twin twins brother brothers sister sisters sibling siblings aunt auntie uncle cousin cousins
    niece nephew grandmother grandfather grandma grandpa granny gran nan nana grandad granddad grandson granddaughter
    grandchild mother-in-law father-in-law sister-in-law brother-in-law son-in-law daughter-in-law godmother godfather
    godson goddaughter carer guardian foster-mother foster-son foster-daughter
    friend friends mate mates gaffer flatmate housemate roommate neighbour neighbor neighbours neighbors landlord landlady
    colleague colleagues co-worker coworker workmate teammate manager line-manager boss supervisor supervisors employer
    employee assistant deputy leader mentor mentee coach trainer apprentice intern client clients patient patients
    resident residents customer customers pupil pupils teacher headteacher lecturer tutor tutors professor instructor counsellor adviser advisor
    therapist doctor gp cpn senco ta ot slt hca nurse midwife physiotherapist caseworker keyworker dentist vicar priest imam
    classmate classmates coursemate peer student buddy predecessor successor subordinate director foreman
    secretary receptionist babysitter childminder nanny cleaner driver dog cat
    ")
});

/// What people are in a sentence that introduces them, folded: `the treasurer, Mrs Peake`, `a lady, Mrs Bassey`.
pub(super) fn is_person_word(word: &str) -> bool {
    PERSON_WORDS.contains(word)
}

static PERSON_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    man woman lady gentleman girl boy lad lass guy chap bloke person men women ladies girls boys
    owner owners treasurer chair chairman chairwoman caretaker matron sister consultant officer officers worker workers lead head
    volunteer volunteers warden cook chef porter seller buyer shopkeeper farmer builder plumber electrician gaffer physio registrar
    librarian coordinator organiser captain keeper technician engineer analyst administrator clerk mechanic apprentice
    interviewee participant respondent applicant passenger widow widower veteran newcomer learner trainee member members
    player players swimmer runner user users healthcare hca paramedic pharmacist surgeon carers ward planner editor
    relative relatives granddad stepfather ex-husband ex-wife ex-partner toddler teenager
    ")
});

/// Titles of people who are not known by their work, folded.
pub(super) fn is_private_title(word: &str) -> bool {
    matches!(
        word,
        "mr" | "mrs"
            | "ms"
            | "miss"
            | "mx"
            | "sister"
            | "pastor"
            | "imam"
            | "auntie"
            | "aunty"
            | "uncle"
            | "aunt"
            | "nan"
            | "granny"
            | "grandad"
    )
}

/// What people are known to the public as, folded: `the poet Josephine Adair`.
pub(super) fn is_public_role(word: &str) -> bool {
    PUBLIC_ROLES.contains(word)
}

static PUBLIC_ROLES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    poet author authors novelist playwright dramatist artist painter sculptor composer musician photographer philosopher sociologist
    psychologist economist historian theorist theorists scientist mathematician physicist chemist biologist anthropologist linguist critic
    scholar researcher researchers writer writers minister president king queen prince princess emperor saint politician senator mp pope
    actor actress singer footballer character characters protagonist heroine hero narrator pioneer activist inventor explorer
    reformer statesman general lord
    ")
});

/// Family names, folded, by which whoever studies means one thinker, scientist or writer: `Foucault`, `Gibbs`, `Kolb`.
pub(super) fn is_theorist(word: &str) -> bool {
    THEORISTS.contains(word)
}

static THEORISTS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    adorno ainsworth allport althusser arendt argyris aristotle asch atkinson austen babbage bakhtin bandura barthes baudrillard bauman
    beauvoir beckett belbin bentham berne bernstein bion bohr boltzmann boole bourdieu bowlby braque bronfenbrenner bronte bruner
    buber burke camus cezanne chaucer chekhov chomsky cicero confucius copernicus crenshaw curie darwin deming derrida
    descartes dewey dickens dijkstra donaldson dostoevsky drucker durkheim dweck einstein engels erasmus erikson escher euclid euler fanon faraday
    fermat feynman fibonacci foucault fourier freire freud friedan friedman froebel galbraith galileo galton gauss geertz gibbs giddens
    godel goffman goleman gramsci habermas hawthorne hayek hegel heidegger heisenberg herzberg hobbes hofstede hooke hubble hume husserl ibsen
    jefferson jung kafka kahneman kant kanter keats kepler keynes kierkegaard knuth kohlberg kolb kotter kuhn lacan laplace
    lavoisier leibniz lewin likert linnaeus locke lovelace lyotard machiavelli mahler malinowski malthus mandela marcuse marx maslow
    mcgregor mcluhan mead mendel mendeleev michelangelo milgram millett milton mintzberg monet montaigne montessori mozart newton
    nietzsche nightingale noddings ohm orwell pareto pascal pasteur pavlov peplau piaget picasso planck plato poincare popper
    putnam pythagoras rawls rembrandt ricardo ricoeur rogers rosenthal rousseau rutherford sartre saussure schein schon schrodinger
    schumpeter seligman senge shakespeare simmel skinner socrates spivak sophocles stanislavski tajfel tesla thorndike tolstoy tuckman
    turing tversky vroom vygotsky wallerstein weber wenger wittgenstein wollstonecraft woolf wordsworth wundt yalom yeats zimbardo
    ")
});

/// Where people are met at work and in class: `Bridie in room 9`, `Ana from HR`.
pub(super) fn is_workplace(word: &str) -> bool {
    WORKPLACES.contains(word)
}

static WORKPLACES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    set("
    desk reception counter gate till door hatch shift shifts nights room bed bay ward office HR IT finance accounts
    sales payroll marketing team group class course forum cohort stores workshop kitchen work placement nursery
    tutorial tutorials council surgery stall checkout warehouse
    ")
});
