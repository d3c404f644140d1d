"""What English-speaking callers say around a number."""

from tests.phrasing.habits_tongue import Phrases, pool_of

EN = Phrases(
    openings=pool_of("""
        b:Good morning.
        b:Hello, this is a message for your service department.
        b:Good afternoon, I hope you're well.
        e:Hello? Hello, dear.
        e:Oh, it's one of those machines. Right.
        e:Yes, hello, I hope I'm doing this properly.
        h:Hi, quick one.
        h:Hey, I'm on the train so this might cut out.
        h:Yeah hi.
        h:Hi, I'm about to lose you.
        d:Hello hello, sorry for my English.
        d:Hiya.
        d:Hello, good day to you.
        d:Hello yes.
    """),
    who=pool_of("""
        b:This is {name} from {firm}.
        b:My name is {name}, I'm calling on behalf of {firm}.
        b:{name} here, {firm}.
        e:It's Mrs {name} speaking.
        e:This is {name}, I'm {age} so do speak up.
        e:My name is {name}, I've been a customer for {cnt} years.
        h:it's {name}.
        h:{name} here.
        h:this is {name} at {firm}.
        d:I am {name}, I am calling from {firm}.
        d:my name, it is {name}.
        d:it's {name}, yeah.
    """),
    reasons=pool_of("""
        b:I'm calling about order number {ord}, placed on {d}.
        b:It's regarding invoice {ord} for {amt}.
        b:Could we move our meeting on {d} to {t}?
        b:We're still waiting for {cnt} boxes that were due on {d}.
        b:Our delivery address has changed, the {zipname} is {zip}.
        e:I've got the card here, the membership number is {ord}.
        e:I paid {amt} and nothing has come yet.
        e:I rang on {d} at about {t} and nobody rang me back.
        e:I'm in flat {room} and there's no hot water again.
        h:I'm running late, more like {t} now.
        h:Booking reference {ord}, need to cancel.
        h:I'm locked out of room {room}.
        h:Need {cnt} more of part number {ord}.
        h:You charged me {amt} twice.
        d:I have ticket number {ord}, it is open since {d}.
        d:The machine is showing error {room}, I don't know why.
        d:I was pay already {amt}, but it is not working.
        d:I come to your office {d} at {t}, nobody was there.
        d:It is for {cnt} persons, on {d}.
    """),
    first=pool_of("""
        b:You can reach me on {n}. My name is {name}, from {firm}.
        b:This is {name} on {n}.
        e:I'll give you my number first, {n}. It's {name}.
        e:My telephone number is {n}, and I'm Mrs {name}.
        h:{n}, it's {name}.
        h:call me on {n}.
        h:Number first, {n}.
        d:My number, it is {n}, my name is {name}.
        d:{n}, this is my number.
    """),
    calls=pool_of("""
        b:Please call me back on {n}.
        b:My direct line is {f} {n}.
        b:You can reach me at {n} between {t1} and {t2}.
        b:The best number for me is {n}.
        b:I'm calling from {n}, that's the one to use.
        b:It's {n}, and that's the number on my business card.
        b:Our main number is {n}, extension {ext}.
        b:I can be contacted on {n}, and ask for {name}.
        b:If you could return my call, the number's {f} {n}.
        e:Now, my number is {f} {n}.
        e:Have you got a pen? It's {n}.
        e:I'm reading it off the card, {f} {n}.
        e:You can ring me at home on {n}, but not before {t}.
        e:My daughter's mobile is best, that's {n}.
        h:Call me, {n}.
        h:Number's {n}.
        h:I'm on {f} {n}.
        h:Text or call {n} before {t}.
        h:Get me on {n}, cheers.
        h:My my number is {f} {n}.
        d:My telephone number it is {f} {n}.
        d:Please to call me in {n}.
        d:You write please, {n}.
        d:so the number to call is {n}, yes?
        d:you can give us a bell on {n}.
        d:the phone, it's {f} {n}.
    """),
    closings=pool_of("""
        b:Thank you very much.
        b:I'm in the office until {t}. Thank you.
        b:I look forward to hearing from you by {d}.
        b:Kind regards, goodbye.
        e:Thank you, dear, bye bye.
        e:I'll be in until {t}, then it's my bridge club.
        e:God bless.
        h:Thanks, bye.
        h:I've got {cnt} minutes left on this battery.
        h:Need it by {t}.
        h:Cheers.
        d:Thank you, thank you.
        d:I am waiting from {t}.
        d:Ta very much.
    """),
    without=pool_of("""
        b:You already have my number.
        b:I'll try you again at {t}.
        b:We transferred {amt} on {d}.
        b:Please use the number on file, the one ending in {c4}.
        e:You've got my number in your book.
        e:I'll ring again on {d}.
        e:My bank card ends in {c4}, if that helps.
        e:I'll try again at {t}, dear.
        h:I'll call back.
        h:No need to ring me, I'll be there at {t}.
        h:Card ending {c4}.
        h:Trying again at {t}.
        d:I will call again {d}.
        d:My number you have it already.
        d:No phone please, only letter.
    """),
    bare=("{n}.", "It's {n}.", "{f} {n}.", "{n}, {name}."),
    fillers=("uh,", "um,", "er,", "erm,", "let me see,", "hang on,", "you know,", "uh uh,"),
    corrections=(
        ", no, sorry, ",
        ", sorry, ",
        ", I mean ",
        ", no wait, ",
        ", correction, ",
        ", oh no, that's ",
        ", er, make that ",
        ", no no no, ",
        ", my mistake, ",
    ),
    restarts=(
        ", sorry, let me start again, ",
        ", no, that's wrong, from the beginning, ",
        ", oh dear, I'll start over, ",
        ", sorry, you're breaking up, I'll say it all again, ",
    ),
    last_part=(
        ", sorry, the last bit is {g}",
        ", no, it ends in {g}",
        ", I'm sorry, the end should be {g}",
    ),
    again=(
        ", I'll repeat that, ",
        ", once again, ",
        ", that's ",
        ", one more time, ",
        ", again, ",
        ", so ",
        ", did you get that, ",
    ),
    area=("area code {a}, then {r}", "code {a}, and then {r}", "area code {a}, number {r}"),
    plus=("country code ",),
    names=(
        *("Smith", "Patel", "Okafor", "Garcia", "Novak", "Chen", "Murphy", "Johnson"),
        *("Kowalska", "Dupont", "Tanaka", "Ferreira", "O'Brien"),
    ),
    firms=(
        *("Harbour Freight Services", "Bluebird Dental", "Miller and Sons", "Acme Plumbing"),
        *("the Riverside Hotel", "Northgate School", "Kestrel Logistics"),
    ),
)
