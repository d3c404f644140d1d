"""The words by which the rules for English (`gist_en`) know what is what.  Pure data."""

import re

from sipbot import late
from sipbot.gist_text import words

TITLES = words(
    """
    mr mrs ms miss dr doctor mister prof professor sir madam rev
    """
)

ABBREVIATED = frozenset(["st", "mt", "ft", "jr", "sr"])
"""Their full stop ends no sentence."""

JOINING = words(
    """
    and & of the
    """
)
"""Words inside a company's name, never at its end."""

ORDINARY = words(
    """
    a about above after afternoon again all also always am an and another any anybody anyone
    anything anytime appointment are around as ask at available away back be because been before
    being better booked broken busy but by call called caller calling calls can can't cannot
    concerning confirm could customer day delivery did do does doing done don't down during each
    early either emergency enquiring enquiry even evening every everything fine first following
    for friday from getting give glad going good got had half happy has have having he hello her
    here hey hi him his home how i i'd i'll i'm i've if im important in inquiring interested into
    invoice is isn't it it's its just late later leave leaving left let like locked long looking
    lost maybe me message minute monday more morning much my myself name need needed needing never
    new next no nobody not nothing now number of off office oh ok okay on once one only or order
    our out over phone phoning please possible problem question quick ready really reach reaching
    regarding reply report request return returning ringing same saturday saying says sent she
    should sick sir so some somebody someone something soon sorry speak speaking still stop stuck
    such sunday sure tenant text than thank thanks that that's the their them then there there's
    these they they're thing this those three through thursday time to today together tomorrow
    tonight too trouble trying tuesday two um uh unable under until up upset urgent us very
    waiting want wanted wanting was we we'd we'll we're we've wednesday week well went were what
    what's when where whether which while who who's why will with won't wondering work working
    would wrong yeah yes yesterday yet you you're your yours per er hmm calls wanna gonna actually
    basically kindly currently really my account bill
    """
)
"""Words that are no part of a name."""

COMPANY_END = late.compile(
    r"\s(?:inc|ltd|limited|llc|plc|corp|corporation|company|co|dental|clinic|hospital|pharmacy"
    r"|bank|hotel|school"
    r"|college|university|support|services?|plumbing|roofing|electric|electronics|logistics|agency"
    r"|office"
    r"|solicitors|insurance|motors|garage|restaurant|cafe|bakery|books|library|council|studio"
    r"|salon)\.?$",
    re.IGNORECASE,
)
"""By which a company is told from a person."""

AFTER_NAME = late.compile(
    r"^[\s,.]*(?:from|with|at|of|here|speaking|calling|phoning|ringing|on behalf|and (?:i|my)"
    r"|again|in (?:unit|flat"
    r"|apartment|room)|i(?:'m|’m|'d| am| would| have| need| was| want| just)\b|my (?:number|phone)"
    r"|just|i|my|we|so|can|could|please|um|returning|regarding)\b",
    re.IGNORECASE,
)
"""What follows a name in an introduction."""

NO_COMPANY = late.compile(
    r"^(?:unit|flat|apartment|apt|room|suite|number|house|home|work|school|upstairs|downstairs"
    r"|next door|abroad"
    r"|london|manchester|birmingham|glasgow|edinburgh|leeds|liverpool|bristol|dublin|new york"
    r"|brooklyn|boston"
    r"|chicago|los angeles|seattle|dallas|houston|texas|california|florida|england|scotland"
    r"|ireland|wales|canada"
    r"|australia|sydney|melbourne|toronto|building|floor|mobile|cell|oxford|cambridge|paris|tokyo"
    r"|japan|france"
    r"|germany|february|january|march|april|may|june|july|august|september|october|november"
    r"|december"
    r"|finance|accounts|accounting|hr|sales|marketing|reception|legal|tech support)\b(?!\s+[A-Z])",
    re.IGNORECASE,
)
"""Where people call from that is no company; a city may begin a company's name."""

GREETING = late.compile(
    r"^(?:\s*(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|yes|yeah|um|uh|er|oh|ok|okay"
    r"|there|sorry|everyone|all)\b"
    r"[\s,.!]*)+",
    re.IGNORECASE,
)

SENTENCE_END = late.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\ba\.m)(?<!\bp\.m)[.!?]+(?=\s|$)|\n+"
)

CLAUSE_END = late.compile(
    r",\s+(?=(?:and|but|so|or)\b)|\s(?=(?:please|and then|thank you|thanks|but|so i|and i|and my"
    r"|and could"
    r"|and can|my number|my name|you can|i'm calling|i am calling|i’m calling|i'd like"
    r"|i would like|could you|can you"
    r"|can someone|could someone|call me|so please|it's urgent|i need|i want|i have a)\b)"
    r"|,\s+(?=(?:please|thank|thanks|my|could|can|i|i'm|i’m)\b)",
    re.IGNORECASE,
)
"""Where one thing ends and another begins, as far as ears that write no full stops let one see."""

_TIME = (
    r"(?:any ?time|whenever|at your convenience|as soon as possible|a\.?s\.?a\.?p|today|tonight"
    r"|tomorrow|this|next"
    r"|weekdays?|weekends?|mornings?|afternoons?|evenings?|noon|midday|midnight|lunch(?:time| time"
    r"| break)?|first thing"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|week|business hours|office hours"
    r"|end of (?:the )?day"
    r"|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,2})(?:[: ]?(?:\d\d"
    r"|thirty|fifteen|forty[- ]five))?"
    r"(?:\s*(?:o'?clock|o’clock|a\.?m\.?|p\.?m\.?|am|pm|hours?|minutes?))?"
    r"|half past \w+|quarter (?:past|to) \w+|after work|later|now|the day)"
)
_LIMIT = (
    r"(?:after|before|between|by|from|until|till|around|about|at|on|in|within|during|past"
    r"|any day|except|any time|only)"
)
TIMES = late.compile(
    rf"\b(?:{_LIMIT}\s+)*(?:the\s+)?{_TIME}(?:[\s,-]+(?:(?:{_LIMIT}|and|or|to|the"
    rf"|of)\s+)*(?:the\s+)?{_TIME})*\b\.?",
    re.IGNORECASE,
)
"""A time, with others and with what limits it: ``tomorrow after three``."""

CALLBACK = late.compile(
    r"(?:,?\s?(?:and |so |or )?(?:please |kindly |just )*"
    r"(?:(?:could|can|would|will) (?:you|someone|somebody|anyone) )?(?:please |maybe |kindly "
    r"|just )*)"
    r"\b(?:(?:call|phone|ring|reach|contact|get) (?:me|us)(?: back| on| at)?|(?:give|giving) (?:me"
    r"|us) a (?:call|ring|shout|bell|buzz)"
    r"|(?:call|ring|phone) back|calls? (?:me )?back|return my call|get back to (?:me|us)"
    r"|get in touch|call(?:ing)? (?:this|my) number"
    r"|(?:i'm|i’m|i am|i'll be|i will be|we're|we are|i’ll be) (?:available|free|reachable|in"
    r"|around|at my desk|home|in the office)"
    r"|(?:you can|you could) (?:call|reach|ring|phone|get)(?: me| us)?|(?:best"
    r"|good) time to (?:call|reach|ring)(?: me| us)?(?: is| would be)?"
    r"|my number is|i can (?:talk|speak|take calls)|my phone number|my number's|reach me)\b",
    re.IGNORECASE,
)
"""A wish to be called, or when that is possible; not what the call is about."""

NEVER = late.compile(
    r"\b(?:never|no need|not|avoid|don't|don’t|dont|won't|won’t|can't|can’t|cannot|isn't|isn’t"
    r"|rather than|instead of)\b"
    r"(?:(?!\b(?:please|and|so|but|could|can you|you can|would)\b)[^,;]){0,30}$",
    re.IGNORECASE,
)
"""Before a call in its clause: that call is not wanted, or not possible."""

TIME_NOT = late.compile(r"\b(?:not|never|except)\s+(?:(?:on|at|in|the)\s+)*$", re.IGNORECASE)
"""Before a time that is not meant."""

TIME_CORRECTED = late.compile(
    r"[\s,.;:-]*\b(?:no(?!\s+(?:later|earlier))|nope|sorry|actually|wait|i mean|i meant|rather"
    r"|make (?:that|it)|correction|scratch that)\b|[\s,]*(?:is|are|would be|will be)\s+"
    r"(?:no good|not|bad|impossible)"
    r"|[\s,]*(?:isn't|isn’t|won't|won’t|doesn't|doesn’t)\b",
    re.IGNORECASE,
)
"""What follows a time at once that is not meant; another one is going to correct it."""

DANGLING = late.compile(
    r"(?:[\s,]+(?:and|but|or|so|because|as|if|when|while|that|which|who|it|it's|they|is|are|was|the"
    r"|a|an|to|of|for|with|at|in|on|very|my|our|your))+$",
    re.IGNORECASE,
)
"""Words that begin something, at the end of a wish that was cut before the rest of it."""

WISH_TAIL = late.compile(
    r"[\s,.]{0,4}\b(?:thank you|thanks|cheers|bye|goodbye|please(?=[\s.]*$)|my number|my phone"
    r"|my name|if (?:possible|that's ok).*)\b.*$",
    re.IGNORECASE | re.DOTALL,
)


def _wish(lead: str, wish: str) -> re.Pattern[str]:
    return late.compile(rf"\b(?:{lead})\b\s*(?P<wish>{wish})", re.IGNORECASE | re.DOTALL)


_I = r"(?:i|we)"
_WOULD = r"(?:i'd|i’d|id|i would|we'd|we’d|we would)"
_AM = r"(?:i'm|i’m|im|i am|we're|we’re|we are|just)"
_YOU = r"(?:you|someone|somebody|anyone|i|we)"

WISHES = (
    (
        "en-i-would-like",
        _wish(
            rf"{_WOULD} (?:really |just |also )?(?:like|love)(?: to)?|{_I} (?:just |also "
            rf"|really )?(?:want|wanted|wish|need|needed|was hoping|were hoping)(?: to)?"
            rf"|{_AM} (?:calling|phoning|ringing|looking|trying|hoping|wanting"
            rf"|wondering)(?: here)? to|{_AM} calling in to|{_AM} interested in|need help with"
            rf"|wondering if (?:you|i|we) (?:could|can"
            rf"|might)",
            r"(?!call|phone|speak|talk|leave|know when you|let you know|say (?:thank|hi"
            r"|hello))\S+\s+\S.{2,}",
        ),
    ),
    (
        "en-could-you",
        _wish(
            rf"(?:could|can|would|will) {_YOU} (?:please |possibly |kindly |maybe "
            rf"|also )?(?:be able to )?|please",
            r"(?!call|phone|ring|give (?:me|us) a|get back|return my|let me know|speak|leave|reach"
            r"|get in touch|contact)\S+\s+\S.{2,}",
        ),
    ),
    (
        "en-calling-about",
        _wish(
            rf"(?:{_AM} |i was |)(?:calling|phoning|ringing|enquiring|inquiring|asking"
            rf"|call is)(?: you)?(?: back)?(?: from [^,.]{2, 40}?)? (?:about|regarding|concerning"
            rf"|in regards? to"
            rf"|with regards? to|because of|because|for|on|re)"
            r"|this (?:is|call is) (?:about|regarding|concerning)|(?:it's|it’s|it is) (?:about"
            r"|regarding)|with regards? to|(?:i|we) have a (?:quick )?question (?:about|regarding"
            r"|on)|in reference to|returning your call (?:about|regarding)|\bregarding"
            r"|\bconcerning",
            r"\S+.{2,}",
        ),
    ),
    (
        "en-let-you-know",
        _wish(
            r"(?:let you know|tell you|inform you|letting you know)(?: that)?"
            r"|leave a message (?:that|for)",
            r"\S+\s.{3,}",
        ),
    ),
    (
        "en-trouble",
        late.compile(
            r"(?P<wish>(?:(?:nobody|no one|my|our|the|a|your|there|there's|we|i|it|one"
            r"|some)\b[^,]{0,40}?)"
            r"\b(?:not working|has fixed|has come|has called|isn't|isn’t|is not|won't|won’t"
            r"|doesn't|doesn’t|does not|hasn't"
            r"|hasn’t|has not|haven't|haven’t|"
            r"can't|can’t|cannot|stopped|broken|broke|leaking|leak|burst|down|stuck|missing|lost"
            r"|left|failed|locked out|damaged|"
            r"wrong|late|no (?:heat|heating|hot|power|water|internet|mail)|out of order"
            r"|never arrived|have received|didn't|didn’t|did not|trouble|problem|flooded"
            r"|stolen)\b.*)",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
    (
        "en-question",
        late.compile(
            r"(?P<wish>\b(?:do you|are you|is there|is it|when (?:will|is|are|do|does|can)"
            r"|what (?:time|are|is)|how (?:much|long|do)"
            r"|where|whether|have you got|did you)\b.{4,})",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
    (
        "en-news",
        late.compile(
            r"(?P<wish>\b(?:your|the|our)\b.{2,40}\b(?:is|are|has|have) (?:ready|arrived|been"
            r"|ready|confirmed|cancelled|canceled|due|completed|finished)\b.*"
            r"|\b(?:we have|we've got) (?:your|the)\b.{3,}|\b(?:we|i) (?:will|'ll|have to|need to"
            r"|must) \b.{3,})",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
)
"""Ways of asking, the plainest first; the group ``wish`` is what is wanted."""
