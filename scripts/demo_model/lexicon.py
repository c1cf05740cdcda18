"""Holds the words that support tickets are made of: topics, foils, moods, products, names.

Every list of alternatives is written for this project. A topic's problem is a subject joined to a
predicate; `split.py` deals each joined pair to training or to held-out, so that the two share none.
"""

# label -> list of (subjects, predicates): any subject of a pair goes with any predicate of it.
# No text of a topic may contain a word of its own label; `tickets.py` checks that for each ticket.
TOPICS = {
    "shipping": [
        (
            ["my parcel", "the parcel", "the package", "my package", "the box with the {product}", "the {product}",
             "the courier with the {product}", "the van with my package", "the box", "my order of the {product}"],
            ["has not come yet", "still has not arrived", "never reached my door", "has been on its way for two weeks",
             "is still in the depot", "was left at a neighbour's I do not know", "has been stuck at customs for days",
             "should have been here on Monday", "was sent to the wrong town", "has not moved on the map since Friday",
             "seems to be lost on the road", "was handed to a stranger", "went to my old address",
             "is nowhere to be found"],
        ),
        (
            ["the tracking page", "the tracking number", "the tracking link", "the map of the courier"],
            ["has shown the same place for a week", "says that nobody was at home", "says it arrived, but my porch is empty",
             "does not show any movement", "shows a town that I have never lived in", "shows nothing at all",
             "says the van turned back"],
        ),
    ],
    "refund": [
        (
            ["the money for the {product}", "my money", "the money I paid for the {product}", "the full price of the {product}",
             "what I paid", "the sum for the {product}"],
            ["has not come back to my card", "has not been paid back", "is still not back in my bank",
             "should be sent back to me", "was promised back to me two weeks ago", "must be given back to me",
             "came back only in part", "is owed to me since I sent the {product} back",
             "has not been returned after I sent everything back", "was to be back on my card by Friday"],
        ),
        (
            ["I", "we", "my husband and I"],
            ["want our money back for the {product}", "sent the {product} back and wait for the money",
             "returned the {product} and got no money back", "would like to be paid back for the {product}",
             "ask for the money back", "handed the {product} back at your shop and was not paid back"],
        ),
    ],
    "billing": [
        (
            ["my card", "my credit card", "my bank card", "our company card", "my bank"],
            ["was charged twice for the {product}", "was charged more than the price on the page",
             "was charged for something I never bought", "was charged again this month",
             "shows two charges for the {product}", "shows a charge that I cannot explain",
             "was charged in the wrong currency", "was charged the full price without my discount"],
        ),
        (
            ["the invoice", "the invoice for the {product}", "your last invoice", "the receipt", "the receipt for the {product}"],
            ["has the wrong amount", "shows the wrong tax", "lists the {product} twice", "has my old company name on it",
             "never came by mail", "does not match what I paid", "has a total that I cannot explain",
             "is missing our tax number", "adds a fee that nobody told me about"],
        ),
    ],
    "account": [
        (
            ["my password", "the new password", "the code for signing in", "my login", "the link for a new password",
             "my user name"],
            ["is not accepted any more", "does not work on the website", "does not work in the app",
             "is refused every time", "never reaches my mailbox", "stopped working this morning", "has expired again",
             "is said to be wrong", "works on one phone but not on the other"],
        ),
        (
            ["I", "my wife", "my son", "our whole team"],
            ["cannot sign in any more", "cannot log in to the website", "was locked out after three tries",
             "cannot change the e-mail for signing in", "got signed out and cannot get in again",
             "cannot log in on the new phone", "does not get the code for signing in"],
        ),
    ],
    "defect": [
        (
            ["the {product}", "my {product}", "our {product}", "the new {product}", "the {product} from the box",
             "the screen of the {product}", "the handle of the {product}", "the lid of the {product}"],
            ["came with a crack", "broke on the first day", "does not switch on", "makes a loud noise and smells of smoke",
             "fell apart in my hands", "stopped working after an hour", "is bent and has a scratch", "leaks everywhere",
             "has a loose screw and wobbles", "gets far too hot", "flickers and then goes dark", "was in pieces in the box",
             "has a hole in it", "does not close any more"],
        ),
    ],
    "cancellation": [
        (
            ["I", "we", "my boss and I", "my mother"],
            ["do not want the {product} any more, please stop the order", "ordered the {product} by mistake, please stop it",
             "changed my mind about the {product}, do not send it", "clicked twice, please drop the second order",
             "found the {product} cheaper elsewhere, so please call the order off",
             "want to call off the order before it leaves", "no longer need the {product}, please take it off the list",
             "want to end the monthly plan", "want to stop the subscription for the {product}",
             "wish to withdraw from the purchase of the {product}"],
        ),
        (
            ["the order for the {product}", "my order from last night", "the monthly plan", "the subscription",
             "the second order"],
            ["should be stopped before it leaves", "must not be sent out", "should be called off", "should end this month",
             "was a mistake, please drop it", "is not needed any more, please stop it"],
        ),
    ],
    "warranty": [
        (
            ["the guarantee", "the guarantee for the {product}", "the two year guarantee", "the guarantee card",
             "the cover for repairs", "the repair plan"],
            ["should still cover the {product}, should it not", "is said to be over, but I bought it last year",
             "does not say who pays for the repair", "was never registered", "ends next month, what do I have to do",
             "was refused by the repair shop", "should pay for the repair", "has no date on it",
             "does not cover the battery, says the shop", "was in the box, but without a stamp"],
        ),
        (
            ["the repair shop", "your service partner", "the workshop in my town"],
            ["says the guarantee is over", "wants to see proof that the {product} is still covered",
             "asks who pays for the repair within the two years", "does not accept the guarantee card",
             "says that the two years are over"],
        ),
    ],
    "privacy": [
        (
            ["my data", "my personal data", "my phone number", "my home address", "everything you know about me",
             "my birthday and my address", "my photo"],
            ["should be deleted from your files", "must be removed from your lists", "was given to another firm",
             "can be seen by strangers on your page", "was shared without my consent", "is still on your lists",
             "was sold to advertisers", "should not be stored any longer", "was sent to me in a copy that I never got"],
        ),
        (
            ["your newsletter", "your advertising", "a firm I do not know", "your partner"],
            ["uses my phone number without my consent", "still writes to me although I never agreed",
             "got my address from you", "knows my name, and I never gave my consent",
             "keeps coming although I asked to be removed from the lists"],
        ),
    ],
    "compatibility": [
        (
            ["the {product}", "the plug of the {product}", "the cable of the {product}", "the app for the {product}",
             "the new {product}", "the adapter of the {product}"],
            ["does not fit my old model", "does not fit the socket in my country", "cannot be paired with my phone",
             "does not talk to my older system", "needs a newer version than I have", "does not match the older charger",
             "is too wide for the frame of last year's model", "is not recognised by my computer",
             "only works with the other brand", "does not run on my tablet"],
        ),
        (
            ["I", "we", "my neighbour"],
            ["need to know if the {product} fits the older model", "wonder if the {product} works with another brand",
             "cannot pair the {product} with the phone", "have the older system, does the {product} go with it",
             "need to know which charger fits the {product}"],
        ),
    ],
    "stock": [
        (
            ["the {product}", "the {product} in blue", "the larger {product}", "the {product} in my size",
             "the spare part for the {product}", "the small {product}"],
            ["is sold out everywhere", "has been sold out for weeks", "cannot be bought on your page at the moment",
             "is greyed out in the shop", "cannot be had in any branch", "is gone from the shelves, will there be more",
             "was sold out when I wanted to buy it", "is not on the shelf in my town",
             "will be made again, or so I hope", "is never there when I look"],
        ),
        (
            ["I", "we", "my daughter"],
            ["want to buy the {product}, but it is sold out", "would buy three of the {product} if you had any",
             "wait for the {product} to come back on the shelf", "want to know when you will have the {product} again",
             "looked for the {product} in every branch, all sold out"],
        ),
    ],
}

# Clauses that name a problem which is NOT what the ticket is about: each opening goes with each ending of its group,
# and the other problem stands between them.
FOIL_CLAUSES = [
    (
        ["Last month I wrote that", "Earlier I told you that", "On the phone I said that", "My old ticket said that",
         "I once complained that", "In my first mail I said that", "In spring I wrote that", "In the chat I said that",
         "Before this I told your team that", "A week ago I wrote that", "My last message was that", "I used to complain that"],
        [", and you solved it.", "; that is fine now.", ", which is done.", ", and that is over.", "; please close that one.",
         ", and that has been sorted out.", ", but it is solved.", ", and it has been taken care of.", "; forget that.",
         ", but that is settled.", "; never mind that."],
    ),
    (
        ["My friend wrote to you that", "My brother says that", "Another customer told you that",
         "Someone in your chat wrote that", "I read in a review that", "My neighbour says that", "Your colleague thought that",
         "The bot believed that", "A man in your forum says that", "My aunt told you that", "Your agent wrote down that"],
        [", but my case is a different one.", ", but that is not my trouble.", ", and that was not me.", ", but that is wrong.",
         "; that is not my case.", ", but I have another question.", "; do not mix us up.", ", but not in my case.",
         ", and that has nothing to do with me."],
    ),
    (
        ["This is not about the fact that", "I do not write because", "It is not that", "Never mind that",
         "It was sorted out last week that", "No, it is not true that", "I no longer mind that", "You already took care of it that",
         "It is settled that", "It has been solved that", "I am not here because", "Please forget that", "It is over that"],
        [".", ", no.", "; not at all.", ", not any more."],
    ),
]

# Clauses that name the problem which the ticket IS about: each time goes with each opening.
ISSUE_CLAUSES = (
    ["", "Now", "Today", "As of today", "This week", "This time", "Since this morning", "At the moment", "But now", "But today"],
    ["", "my trouble is that", "I have to tell you that", "I see that", "it turns out that", "I need help because",
     "the thing is that", "what bothers me is that", "I write because", "my case is that", "the question is another one:",
     "this is what is wrong:", "my real trouble is that", "please help me, because"],
)

# Each subject goes with each predicate.
SENTIMENTS = {
    "positive": (
        ["Your team", "Your shop", "Your service", "Your support", "Your staff", "Your website", "Your branch", "This shop",
         "Everything else"],
        ["is wonderful.", "is great.", "makes me happy.", "is so friendly.", "is the best that I know.",
         "has always been kind to me.", "is a joy.", "deserves praise.", "is lovely, thank you so much.", "never lets me down."],
    ),
    "neutral": (
        ["Please", "Kindly", "Could you please", "Would you please", "I ask you to", "I would like you to", "You may"],
        ["check this.", "look into it.", "let me know.", "tell me what to do.", "write back.", "confirm it.",
         "see what can be done.", "tell me how we go on.", "send me an answer."],
    ),
    "negative": (
        ["Your team", "Your shop", "Your service", "Your support", "Your staff", "Your website", "Your branch", "This shop",
         "Everything else"],
        ["is a disgrace.", "is awful.", "is terrible.", "makes me angry.", "is a bad joke.", "is the worst that I know.",
         "should be ashamed.", "lets me down every time.", "is a shame, I am fed up.", "deserves no customers."],
    ),
}

# These lists are short, so each split has its own.
URGENCIES = {
    "train": {
        "low": [
            "There is no hurry.", "Take your time.", "Whenever you find a moment.", "It can wait until next month.",
            "No rush at all.", "I am in no hurry, take all the time you need.", "It can wait.",
        ],
        "normal": [""],
        "high": [
            "I need an answer today.", "This cannot wait.", "Please act at once.", "I leave tomorrow, so hurry please.",
            "It has to be fixed within the hour.", "Answer me right now.", "I need this by tonight.",
            "Please hurry, I need it by tomorrow.", "Act now, it cannot wait until tomorrow.",
        ],
    },
    "held-out": {
        "low": ["There is no rush.", "It can wait a while, no hurry.", "Take all the time that you need.", "No hurry at all."],
        "normal": [""],
        "high": ["It cannot wait, answer today.", "Please act right now.", "I need it within the hour.",
                 "Hurry please, I leave tonight."],
    },
}

# One line that says what the ticket is about, from its topic: where the problem names a product, and where it does not.
SUMMARIES = {
    "shipping": ("The {product} has not reached the customer.", "The order has not reached the customer."),
    "refund": ("The customer wants the money for the {product} back.", "The customer wants the money back."),
    "billing": ("The customer was charged wrongly for the {product}.", "The customer was charged wrongly."),
    "account": ("The customer cannot sign in.", "The customer cannot sign in."),
    "defect": ("The {product} is broken.", "The product is broken."),
    "cancellation": ("The customer wants to stop the order of the {product}.", "The customer wants to stop the order."),
    "warranty": ("The customer asks if the {product} is still covered.", "The customer asks what is still covered."),
    "privacy": ("The customer wants personal data to be removed.", "The customer wants personal data to be removed."),
    "compatibility": ("The customer asks what the {product} works with.", "The customer asks what works together."),
    "stock": ("The customer wants to buy the {product}, which is sold out.", "The customer wants to buy what is sold out."),
}

# A product is a brand, made of two or three syllables, and a thing; brands belong to one split.
SYLLABLES = (
    ["Lu", "Nor", "Fal", "Ta", "Kes", "On", "Pi", "Ron", "Vel", "Mar", "Qui", "Si", "Tun", "Em", "Ze", "Oli", "Co", "Min",
     "Har", "Ju", "Lar", "Opa", "Ra", "So", "Um", "Wren", "Ya", "As", "Bo", "Cin", "Do", "Elm", "Fjo", "Ga", "Hol", "In",
     "Jas", "Ca", "Es", "Gri", "Iso", "Ki", "Ly", "Mi", "Nim", "Pa", "Quo", "Sa", "Thor", "Ul", "Ves", "Wick", "Xan", "Zir"],
    ["mo", "di", "ra", "vi", "tre", "lo", "xa", "de", "ve", "ka", "ri", "no", "be", "go", "sti", "ju", "phi", "wa", "zo", "ny"],
    ["ra", "lix", "hus", "ko", "vio", "trel", "dine", "dell", "tta", "lo", "ll", "cco", "dra", "ber", "phyr", "var", "balt",
     "nna", "bor", "per", "spur", "ton", "no", "rin", "row", "tra", "lis", "der", "tail", "wood", "rd", "ble", "go"],
)
THINGS = [
    "lamp", "kettle", "chair", "drill", "headphones", "backpack", "shower head", "camera", "pan", "sofa", "watch", "keyboard",
    "fan", "jacket", "grill", "vacuum", "press", "router", "cradle", "tent", "speaker", "desk", "monitor", "pump",
    "espresso machine", "charger", "bike", "curtain", "toaster", "mixer", "telescope", "heater", "stove", "shelf", "table",
    "kayak", "mailbox", "razor", "printer", "phone",
]

NAMES = {
    "train": [
        "Anna Schmidt", "John Carter", "Maria Rossi", "Jean Dupont", "Olga Petrova", "Mehmet Yılmaz", "Zofia Nowak",
        "Carlos García", "Aisha Khan", "Wei Zhang", "Yuki Tanaka", "Nguyễn Văn An", "Lars Jensen", "Fatima Al-Sayed",
        "Priya Sharma", "Kwame Mensah", "Chloé Martin", "Søren Holm", "Ivana Horvat", "João Silva",
    ],
    "held-out": [
        "Jürgen Müller", "Emily Stone", "Giulia Conti", "Łukasz Wójcik", "Олена Коваль", "山田太郎", "Nguyễn Thị Hoa",
        "Omar Haddad", "Sofía Ramírez", "Björk Jónsdóttir", "Chidi Okafor", "Noémie Leroux",
    ],
}

GREETINGS = {
    "train": ["Hello,", "Hi,", "Dear team,", "Good morning,", "Good evening,", "To whom it may concern,", "Hey there,", ""],
    "held-out": ["Good day,", "Dear all,", "Hello team,", "Hi there,", ""],
}
SIGN_OFFS = {
    "train": ["Regards,", "Best,", "Thanks,", "Yours,", "Kind regards,", ""],
    "held-out": ["Best regards,", "Many thanks,", "Yours truly,", ""],
}
CHANNELS = {
    "train": ["", "", "", "[chat] ", "[web form] ", "[phone note] ", "Subject: help needed. ", "Sent from my phone. "],
    "held-out": ["", "", "[e-mail] ", "[phone] ", "Subject: my order. ", "Sent from the app. "],
}
QUOTES = {
    "train": [
        'Your page says "we answer every message".', 'The box says "handle with care".',
        'A friend told me: "just write to them".', "The bot said 'please rephrase'.", 'My note says "ask again on Monday".',
    ],
    "held-out": [
        'My wife said "write to them".', "Your sign says 'we are here for you'.", 'The page told me: "try again".',
    ],
}
ORDER_CLAUSES = [
    "My order is {number}, from {date}, for {amount}.", "Order {number} of {date}, {amount}.",
    "It is about order {number}, {amount}, placed on {date}.", "I paid {amount} on {date}, number {number}.",
    "(Order {number}, {date}, {amount}.)", "The number is {number}, I bought it on {date} and paid {amount}.",
    "See order {number} from {date} over {amount}.", "On {date} I paid {amount} for order {number}.",
]
