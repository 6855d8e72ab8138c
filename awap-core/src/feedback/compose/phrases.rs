//! The sentences that comments are made of.
//!
//! `{L}` is a rubric's label, `{Q}` an exact quotation, `{P}` a place (`in your second paragraph`), `{T}` a criterion's
//! title within a sentence, `{N}` the name of the answer (`your answer to Question 2(a)`). A sentence whose slots
//! cannot be filled is passed over.

use super::label::Shape;

/// Praise for a point that was made.
pub(super) fn praise(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "You make it plain that {L}: “{Q}”.",
            "“{Q}” tells me that you have understood a central point, that {L}.",
            "It is good to see you explain, {P}, that {L}.",
            "Your own wording, “{Q}”, carries the idea that {L} very well.",
            "With “{Q}” you establish that {L}.",
            "That {L} comes across clearly when you write “{Q}”.",
            "I liked “{Q}”, because it shows in your own words that {L}.",
            "A reader new to the subject would learn from you that {L}.",
        ],
        Shape::Question => &[
            "You think about {L}: “{Q}”.",
            "“{Q}” shows you working out {L}.",
            "It is good to see you deal, {P}, with {L}.",
            "When you write “{Q}” you are explaining {L}, and doing it well.",
            "Well done for considering {L}, as in “{Q}”.",
            "In “{Q}” a reader can see {L}.",
            "You have given some thought to {L}.",
        ],
        Shape::Noun => &[
            "You bring in {L}: “{Q}”.",
            "On {L} you write “{Q}”, which is what I was looking for.",
            "It is good to find, {P}, {L}.",
            "You deal with {L}, notably in “{Q}”.",
            "“{Q}” is a good sentence on {L}.",
            "I was pleased to see {L}: “{Q}”.",
            "Credit is due for {L}: “{Q}”.",
            "You have included {L}.",
        ],
    }
}

/// Praise for a sentence that names the very thing that was looked for.
pub(super) const PRAISE_WORDS: &[&str] = &[
    "“{Q}” is clear and to the point.",
    "I liked “{Q}”.",
    "When you write “{Q}” you do just what was asked.",
    "“{Q}” tells the reader what matters.",
    "Well put: “{Q}”.",
    "You are right to say “{Q}”.",
];

/// What to do about a point that is missing.
pub(super) fn teach(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "Say outright that {L}, and give the reason in the same sentence.",
            "The next thing to add is that {L}.",
            "Readers also need to hear from you that {L}.",
            "One more sentence, to show that {L}, would earn you further marks here.",
            "Try explaining to someone who has not taken the module that {L}, then write down what you said.",
            "Going back to the module materials will help you to show that {L}.",
            "If you add that {L}, the rest of this answer stands on firmer ground.",
        ],
        Shape::Question => &[
            "Go on to say {L}.",
            "The next step is to spell out {L}, with an example.",
            "A sentence or two on {L} would earn you further marks here.",
            "Look again at the module materials for {L}, and put it in your own words.",
            "Readers will want to know {L}, so give that a sentence of its own.",
            "Before you leave this topic, explain {L}.",
        ],
        Shape::Noun => &[
            "Bring in {L}.",
            "I was also looking for {L}: a sentence or two would be enough.",
            "There is room here for {L}, in a sentence or two of your own.",
            "Look again at the module materials on {L}, and say what they add to your answer.",
            "Add something on {L}, with an example.",
            "If you add {L}, this answer will be a good deal stronger.",
        ],
    }
}

/// What to do about several things that are missing; `{L}` lists them.
pub(super) const TEACH_LIST: &[&str] = &[
    "Still to come are {L}: a sentence or two on each, in your own words, would lift this answer.",
    "I was also looking for {L}; the module materials will help you with each of them.",
    "There is room as well for {L}: take them one at a time, with an example for each.",
    "Bring in {L}, and tie each of them to something that you already say.",
    "What is missing so far is some mention of {L}.",
];

/// Where a missing point could go: after something that the student already says.
pub(super) const ANCHOR: &[&str] = &[
    "A natural place for it is straight after “{Q}”.",
    "It would follow on well from “{Q}”.",
    "You could pick it up from where you write “{Q}”.",
    "Put it next to “{Q}”, so that each supports the other.",
    "“{Q}” is the sentence to build it on.",
];

/// Questions that make a student think about a missing point.
pub(super) fn ask(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "How would you persuade a doubtful friend that {L}?",
            "What example could you use to show that {L}?",
            "Why does it matter, do you think, that {L}?",
            "Where in {N} might you say that {L}?",
        ],
        Shape::Question => &[
            "Have you thought about {L}?",
            "Could you say a little about {L}?",
            "What would you tell a friend who asked you about {L}?",
            "Where in {N} might you deal with {L}?",
        ],
        Shape::Noun => &[
            "What might {L} add to your case?",
            "Could you find a place for {L}?",
            "How would you introduce {L} to someone new to the module?",
            "Where in {N} might {L} fit best?",
        ],
    }
}

/// Questions that take a point of an argument further.
pub(super) fn question_argument(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "What follows, do you think, from the fact that {L}?",
            "Can you think of a case that would put to the test the idea that {L}?",
            "Who might not agree that {L}?",
            "When you write “{Q}”, what would a doubtful reader want to ask next?",
            "Would “{Q}” be true everywhere, or does it depend on the place and the people?",
        ],
        Shape::Question => &[
            "When you write “{Q}”, what would a doubtful reader want to ask next?",
            "What might somebody say who disagreed with “{Q}”?",
            "What would you say to another student who asked {L}?",
        ],
        Shape::Noun => &[
            "When you write “{Q}”, what would a doubtful reader want to ask next?",
            "Would “{Q}” be true everywhere, or does it depend on the place and the people?",
            "What might somebody say who disagreed with “{Q}”?",
            "What else in the module bears on {L}?",
        ],
    }
}

/// Questions that take an explanation further.
pub(super) fn question_explanation(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "What would change if it were not so that {L}?",
            "How would you explain to somebody new to this why {L}?",
            "You write “{Q}”: how do you know, and where could a reader check it?",
            "What might another student ask you about “{Q}”?",
        ],
        Shape::Question => &[
            "What would you say to another student who asked {L}?",
            "What might another student ask you about “{Q}”?",
        ],
        Shape::Noun => &[
            "What might another student ask you about “{Q}”?",
            "You write “{Q}”: how do you know, and where could a reader check it?",
            "If you had room for one more sentence after “{Q}”, what would it say?",
        ],
    }
}

/// What is wrong.
pub(super) fn criticise(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "“{Q}” is not right as it stands: remember that {L}.",
            "There is a slip in “{Q}”, which goes against the point that {L}.",
        ],
        Shape::Question => &[
            "“{Q}” is not right as it stands: think again about {L}.",
            "There is a slip in “{Q}”, which leaves out {L}.",
        ],
        Shape::Noun => &[
            "“{Q}” is not right as it stands: look again at {L}.",
            "There is a slip in “{Q}”; compare it with {L}.",
        ],
    }
}

/// How to take a point of an argument further.
pub(super) fn extend_argument(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "To go a stage further, find an example of your own to show that {L}.",
            "“{Q}” is a claim that you could sharpen by adding when it would not apply.",
            "To test “{Q}”, set it against the strongest objection that you can think of.",
            "Having shown that {L}, you can afford to say what follows from it.",
        ],
        Shape::Question | Shape::Noun => &[
            "“{Q}” is a claim that you could sharpen by adding when it would not apply.",
            "To test “{Q}”, set it against the strongest objection that you can think of.",
            "A second source on {L} would give your argument more weight.",
            "After “{Q}”, one sentence on what follows from it would show more of your thinking.",
        ],
    }
}

/// How to take an explanation further.
pub(super) fn extend_explanation(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Clause => &[
            "A small example of your own would show at a glance that {L}.",
            "“{Q}” would stay in the reader's mind with an example from daily life after it.",
            "You could say, after “{Q}”, why it matters in practice.",
        ],
        Shape::Question => &[
            "To go a stage further, show with an example of your own {L}.",
            "“{Q}” would stay in the reader's mind with an example from daily life after it.",
            "You could say, after “{Q}”, why it matters in practice.",
        ],
        Shape::Noun => &[
            "“{Q}” would stay in the reader's mind with an example from daily life after it.",
            "After “{Q}”, one sentence on what follows from it would show more of your thinking.",
            "To take {L} a stage further, compare it with another case that you know.",
        ],
    }
}

/// Advice to carry forward, by what most marks were lost on.
pub(super) const FORWARD: &[&str] = &[
    "For your next TMA, begin with a list of what each question asks for, and tick off each part, {T} above all, before you send it in.",
    "As you plan the next TMA, leave half an hour at the end to read your draft against the question, with {T} in mind.",
    "Before the next TMA, choose one aim; I suggest {T}, since that is where most marks are to be gained.",
    "Next time, make {T} the first thing you check when your draft is done.",
];

/// Advice to carry forward when there is little to mend.
pub(super) const FORWARD_STRONG: &[&str] = &[
    "Carry the care that you took over {T} into the next TMA, and spend the time you save on one harder example.",
    "For the next TMA, keep working as you did on {T} here, and read one source beyond those set.",
    "Next time, aim to do with every part of the TMA what you did here with {T}.",
];

/// The last sentence, by how the work went.
pub(super) fn farewell(share: f64) -> &'static [&'static str] {
    if share >= 0.7 {
        &[
            "You can go into the next block with confidence.",
            "I look forward to seeing where you take this next.",
            "This is a sound base for the rest of the module.",
        ]
    } else if share >= 0.4 {
        &[
            "You have the makings of a stronger TMA here, and I look forward to the next.",
            "With that in place, your marks will rise.",
            "Each of these is a small step from what you have already done.",
        ]
    } else {
        &[
            "Do get in touch if you would like to talk any of this through.",
            "Please contact me before the next TMA, so that we can plan it together.",
        ]
    }
}

/// Opening praise that names the best of the work.
pub(super) fn opening(share: f64) -> &'static [&'static str] {
    if share >= 0.85 {
        &[
            "This is assured work, and the best of it is {T}.",
            "You have produced a strong TMA, with {T} as its high point.",
            "There is real command in this TMA, nowhere more than in {T}.",
        ]
    } else if share >= 0.55 {
        &[
            "There is a good deal to be pleased with here, {T} above all.",
            "You have put solid work into this TMA, and it shows most in {T}.",
            "Much of this TMA works well, {T} in particular.",
        ]
    } else if share >= 0.3 {
        &[
            "You have made a start on this TMA, and the part to build on is {T}.",
            "There are things to build on in this TMA: first among them I would put {T}.",
            "Here is something for us to build on, above all {T}.",
        ]
    } else {
        &[
            "Thank you for sending in this TMA: with {T} you have made a beginning.",
            "It was worth sending this in, because you have made a beginning with {T}.",
        ]
    }
}

/// What is said of a question that was not answered.
pub(super) const UNANSWERED: &[&str] = &[
    "I could not find an answer to Question {N}; next time send in even a few lines, because the first marks are the easiest to earn.",
    "There is no answer to Question {N} in what you sent, so start there when you revise, and let me know if the question was not clear.",
    "Question {N} has no answer here: do write something next time, even in note form, so that I can give you credit for it.",
];
