/*
 * phrases: what no single word gives away: threats, wishes of death, calls
 * to self-harm, hatred of groups; and the harmless ones that only sound bad.
 * Fillers (LEX_FILL) may stand between any two words. Without apostrophes.
 */
#include "lexicon.h"

#include "../banned.h"

#define KIN "family|mom|kids|children|wife|mother|sister|dad|dog|house|parents"
#define HURT                                                                  \
	"kill|rape|stab|shoot|strangle|choke|beat|hurt|destroy|hunt|torture|" \
	"gut|skin|burn|slap|punch|smash|end|hang|behead|lynch|break|cut|bury"

const struct lex_phrase lex_phrases[] = {
	/* self-harm */
	{ LEX_SELFHARM, "kill yourself|urself|yaself" },
	{ LEX_SELFHARM, "kill ur|your self" },
	{ LEX_SELFHARM, "kys|kysm|killyourself|kurself" },
	{ LEX_SELFHARM, "k y s" },
	{ LEX_SELFHARM, "go ?and hang|shoot|neck|stab|drown|off|cut yourself" },
	{ LEX_SELFHARM, "hang|neck|shoot|drown|disembowel|unalive yourself" },
	{ LEX_SELFHARM, "go ?and kill|unalive yourself" },
	{ LEX_SELFHARM, "go|pls|please|fucking ?and ?fucking die" },
	{ LEX_SELFHARM, "drop dead" },
	{ LEX_SELFHARM, "die|rot ?in ?a fire|hell" },
	{ LEX_SELFHARM, "end|take your ?own life" },
	{ LEX_SELFHARM, "end yourself|urself already|now" },
	{ LEX_SELFHARM, "end yourself" },
	{ LEX_SELFHARM, "slit|cut your wrists|wrist|throat|veins" },
	{ LEX_SELFHARM, "drink ?some bleach" },
	{ LEX_SELFHARM, "jump off|from ?a ?the bridge|cliff|building|roof" },
	{ LEX_SELFHARM, "go commit suicide|die" },
	{ LEX_SELFHARM,
	    "hope you|u|she|he|they|your ?all ?fucking die|dies|rot|"
	    "burn|suffer|starve|choke" },
	{ LEX_SELFHARM, "hope you|your|he|she ?all ?family get|gets|got cancer|"
			"raped|aids|killed|shot|murdered|stabbed|kidnapped|"
			"corona|covid|hit|run" },
	{ LEX_SELFHARM, "hope your " KIN " die|dies|rot|burns|burn" },
	{ LEX_SELFHARM, "hope something|someone kills|rapes|shoots|stabs you" },
	{ LEX_SELFHARM, "hope someone|somebody|they kills|rapes|shoots|stabs|"
			"kill|rape you" },
	{ LEX_SELFHARM, "you|he|she|they should|must|need|deserve|better "
			"die|hang|drown|starve|kys|rot" },
	{ LEX_SELFHARM, "you should|must|need|better ?to ?go ?and kill|hang|"
			"shoot|neck yourself" },
	{ LEX_SELFHARM,
	    "you should|deserve to be shot|killed|raped|dead|hanged|"
	    "hung|aborted|executed|lynched|beaten" },
	{ LEX_SELFHARM, "you should have|of ?been aborted|swallowed|died" },
	{ LEX_SELFHARM, "should have been aborted|swallowed|drowned" },
	{ LEX_SELFHARM,
	    "your mom|mother|parents should have aborted|swallowed" },
	{ LEX_SELFHARM, "?why dont you ?just|fucking die" },
	{ LEX_SELFHARM,
	    "world|earth|everyone would|will better|happier ?off without you" },
	{ LEX_SELFHARM, "better off dead|without" },
	{ LEX_SELFHARM, "nobody|noone would|will miss|cry|care ?for|about ?if "
			"you" },
	{ LEX_SELFHARM, "nobody|noone|no loves|likes|wants you" },
	{ LEX_SELFHARM, "get|catch cancer|aids|raped|ebola|corona" },
	{ LEX_SELFHARM, "die you|u|cancer|noob|trash|bitch|slow|slowly" },
	{ LEX_SELFHARM, "eat a bullet" },
	{ LEX_SELFHARM, "rope yourself" },
	{ LEX_SELFHARM, "stop breathing|living|existing" },
	{ LEX_SELFHARM, "geh|bring sterben|dich ?um" },
	{ LEX_SELFHARM, "stirb|verrecke|muerete|matate|creve" },
	{ LEX_SELFHARM, "va te suicider|pendre|crever|tuer" },
	{ LEX_SELFHARM, "se mata|mate" },
	{ LEX_SELFHARM, "vai morrer" },
	/* threats */
	{ LEX_THREAT,
	    "i|im|id|we|well|lets|someone|somebody|will|gonna|ima " HURT
	    " you" },
	{ LEX_THREAT, "i|im|id|we|well|lets|someone|somebody|will|gonna|ima "
		      "rape|strangle|behead|lynch|torture|decapitate "
		      "him|her|them|everyone|people" },
	{ LEX_THREAT,
	    "i|im|id|we|well|lets|someone|somebody|will|gonna|ima " HURT
	    " your " KIN },
	{ LEX_THREAT, "i|im|we|well|gonna|ima find|track|dox|swat|hunt you" },
	{ LEX_THREAT, "im|were|i|gonna|ima coming ?over "
		      "for|after|kill|get|find you|your" },
	{ LEX_THREAT, "come|coming ?over for you|your" },
	{ LEX_THREAT,
	    "?i know|found where you|your|u ?" KIN " live|lives|sleep" },
	{ LEX_THREAT, "know ?your ?ur address|ip ?and ?coming" },
	{ LEX_THREAT, "watch your back" },
	{ LEX_THREAT, "sleep with one eye open" },
	{ LEX_THREAT, "youre|your dead ?meat|man" },
	{ LEX_THREAT, "you are dead ?meat|man" },
	{ LEX_THREAT, "you|ur dead meat|man" },
	{ LEX_THREAT, "you will|gonna|going|wont regret|bleed|suffer|survive" },
	{ LEX_THREAT, "you will|gonna|going die|pay" },
	{ LEX_THREAT, "your days are numbered" },
	{ LEX_THREAT, "your time is coming" },
	{ LEX_THREAT,
	    "kill|rape|murder|shoot|stab|behead|torture your|ur " KIN },
	{ LEX_THREAT, "kill|rape|behead|strangle|decapitate you" },
	{ LEX_THREAT,
	    "beat|kick|whoop|whip|smash|bash|knock your|the|you ?living "
	    "ass|shit|crap|hell|face|teeth|head|skull|bitch" },
	{ LEX_THREAT, "beat you up" },
	{ LEX_THREAT,
	    "break|snap|cut|slit|rip|smash|crush|chop|bash|cave|slash "
	    "?off|open|in your "
	    "neck|legs|arms|face|head|throat|jaw|skull|fingers|kneecaps|knees|"
	    "bones|dick|balls|heart|guts|teeth|nose|hands|spine" },
	{ LEX_THREAT, "put|shoot|blow ?a ?your bullet|knife|brains|gun|head "
		      "?in|through|to|out|off ?your ?the" },
	{ LEX_THREAT, "burn|bomb|blow|shoot ?down ?up your|ur|the house|home|"
		      "school|church|mosque|synagogue|office|place ?down ?up" },
	{ LEX_THREAT, "burn you ?alive ?down" },
	{ LEX_THREAT, "make you ?wish ?were suffer|bleed|pay|cry|dead|regret" },
	{ LEX_THREAT, "want|wish|hope you ?to ?were ?was dead|die|killed" },
	{ LEX_THREAT, "hope|wish you|u ?were ?are ?was ?drop dead" },
	{ LEX_THREAT, "say goodbye to your" },
	{ LEX_THREAT, "fight me irl ?bitch" },
	{ LEX_THREAT, "when i find|see|catch|get you ?ill|you" },
	{ LEX_THREAT,
	    "ich bring|bringe|mach|mache|stech|steche dich ?um|kalt|ab|"
	    "fertig" },
	{ LEX_THREAT, "ich tote|toete dich" },
	{ LEX_THREAT, "te voy a matar|violar|encontrar|romper" },
	{ LEX_THREAT, "je vais te|vous tuer|buter|crever|violer|frapper" },
	{ LEX_THREAT, "vou te|ti matar|bater|quebrar|encontrar" },
	{ LEX_THREAT, "ti ammazzo|uccido" },
	{ LEX_THREAT, "убью тебя" },
	/* telling off */
	{ LEX_TELLOFF, "shut up|it" },
	{ LEX_TELLOFF, "shut fuck up" },
	{ LEX_TELLOFF, "shut your|ur ?dirty ?stupid face|mouth|trap|up|hole" },
	{ LEX_TELLOFF, "go to hell" },
	{ LEX_TELLOFF, "burn|rot in hell" },
	{ LEX_TELLOFF, "screw you|u|off" },
	{ LEX_TELLOFF, "eff|f you|u|off" },
	{ LEX_TELLOFF, "piss|bugger|sod off" },
	{ LEX_TELLOFF, "get a life loser|idiot|noob|kid|dude|man" },
	{ LEX_TELLOFF, "you|u|yall ?guys ?all suck|blow ?ass" },
	{ LEX_TELLOFF, "youre|you|ur are|is ?a nothing|nobody" },
	{ LEX_TELLOFF,
	    "your|ur|this|my team suck|is|are suck|trash|garbage|shit" },
	{ LEX_TELLOFF, "trash|garbage|stupid|noob|useless|retarded|clown|"
		       "pathetic|worthless|ugly team|teams|player|players|guy|"
		       "kid|kids|people|girl|boy|man|woman|mod|mods|admin|"
		       "streamer|human|person|teammates|teammate|newbie" },
	{ LEX_TELLOFF, "uninstall|delete ?the ?this ?your ?game noob|trash|pls|"
		       "plz|please|scrub|dog|now" },
	{ LEX_TELLOFF, "uninstall the|this game" },
	{ LEX_TELLOFF,
	    "suck|lick|eat|kiss|bite|blow|sucking my|a|his|your|these|"
	    "this dick|cock|balls|ass|nuts|shit|penis|dicks|cocks|toes" },
	{ LEX_TELLOFF, "suck it|deez bitch|nuts|noob|loser" },
	{ LEX_TELLOFF, "eat a dick|cock|bag" },
	{ LEX_TELLOFF, "big|small|tiny|hard|little|huge|micro|your|my|wet dick|"
		       "cock|penis|tits|boobs|vagina" },
	{ LEX_TELLOFF,
	    "piece|pieces|pile|sack|bag|bunch|load|pos of|ov shit|crap|"
	    "trash|garbage|filth|dung|scum|turd|poop" },
	{ LEX_TELLOFF,
	    "waste of space|oxygen|air|skin|life|sperm|carbon|breath" },
	{ LEX_ABUSE, "son|sons|daughter of a|the bitch|whore" },
	{ LEX_TELLOFF, "kiss my ass|arse" },
	{ LEX_TELLOFF,
	    "dumb|stupid|fat|lazy|sorry|punk|broke|lame|weak|lil|old "
	    "ass|asses|arse|butt" },
	{ LEX_TELLOFF, "pain in the ass|arse" },
	{ LEX_TELLOFF,
	    "shove|stick|up it|that|your|yours|yo up ?your|ass ?ass" },
	{ LEX_TELLOFF, "up your|yours ass|arse|butt" },
	{ LEX_TELLOFF,
	    "what|such|being|be|total|same a "
	    "dick|ass|cock|tool|jerk|clown|pig|disgrace|creep|liar|coward|"
	    "embarrassment|snake|rat|fool|freak|fraud|hypocrite" },
	{ LEX_TELLOFF, "you|youre|ur dick|cock|ass|arse|penis|turd|butt" },
	{ LEX_TELLOFF,
	    "your|ur|yo mom|momma|mother|mum is|are|was|so|gay|sucks" },
	{ LEX_TELLOFF, "fucked|banged|did your|ur mom|mum|sister|wife" },
	{ LEX_TELLOFF, "no one|body asked|cares ?about you" },
	{ LEX_TELLOFF, "nobody|noone asked you|u" },
	{ LEX_TELLOFF,
	    "i hate|despise ?all ?of you|u ?all|guys|people|him|her" },
	{ LEX_TELLOFF, "hate your|ur ?guts|face|family|you|mom" },
	{ LEX_TELLOFF, "you make|makes me sick|puke|vomit" },
	{ LEX_TELLOFF, "full of shit|crap|yourself" },
	{ LEX_TELLOFF, "you disgust me" },
	{ LEX_TELLOFF,
	    "you|u ?have ?has ?got no|zero|half|without ?a brain|brains|"
	    "life|skill|friends|talent|balls|clue|iq" },
	{ LEX_TELLOFF, "low|negative|zero|single|no|half|room digit|iq|brain|"
		       "brains|skill|temperature ?iq" },
	{ LEX_TELLOFF, "brain dead|damaged|damage|cell|rot" },
	{ LEX_TELLOFF, "use|got|get|have a|your brain" },
	{ LEX_TELLOFF, "you should be ashamed" },
	{ LEX_TELLOFF, "ashamed of yourself" },
	{ LEX_TELLOFF, "cry more|harder baby|bitch|noob|about" },
	{ LEX_TELLOFF, "stay mad|bad|trash|losing" },
	{ LEX_TELLOFF, "skill issue noob|trash|bot" },
	{ LEX_TELLOFF, "ez|easy noob|noobs|bots|dogs|trash|kids|report" },
	{ LEX_TELLOFF, "report idiot|trash|retard|noob" },
	{ LEX_TELLOFF, "go back to kindergarten|kitchen|tutorial" },
	{ LEX_TELLOFF, "back to the kitchen" },
	{ LEX_TELLOFF, "make me a sandwich" },
	{ LEX_TELLOFF, "send|show ?me ?your nudes|tits|boobs|pussy" },
	{ LEX_TELLOFF,
	    "halt|halts die|dein|deine fresse|maul|schnauze|klappe" },
	{ LEX_TELLOFF, "fick dich|deine|euch" },
	{ LEX_TELLOFF, "leck mich ?am ?arsch" },
	{ LEX_TELLOFF, "verpiss dich" },
	{ LEX_TELLOFF, "du ?bist ?ein|eine ?so ?blode|dumme|dreckige sau|kuh|"
		       "schwein|hund|esel|opfer|dumm|hasslich|wertlos|ekelhaft|"
		       "idiot|affe|penner|hurensohn|behindert" },
	{ LEX_TELLOFF, "dumme|blode|fette sau|kuh|gans|schlampe" },
	{ LEX_TELLOFF, "hijo|hija|hijos de|la puta|perra|mil|la ?puta" },
	{ LEX_TELLOFF, "vete|andate a|al la|mierda|carajo|infierno ?mierda" },
	{ LEX_TELLOFF, "que te jodan|follen" },
	{ LEX_TELLOFF, "callate ?la ?boca ?idiota" },
	{ LEX_TELLOFF, "chupame|chupa|mamame la|mi verga|pija|polla" },
	{ LEX_TELLOFF, "me cago en" },
	{ LEX_TELLOFF, "tu madre es|puta" },
	{ LEX_TELLOFF, "eres un|una|muy ?gran basura|idiota|asco|tonto|payaso|"
		       "mierda|inutil|feo|burro|perro|cerdo|estupido|imbecil" },
	{ LEX_TELLOFF, "ferme ta gueule|bouche" },
	{ LEX_TELLOFF, "ta gueule" },
	{ LEX_TELLOFF, "nique|niquer ta|sa mere|race" },
	{ LEX_TELLOFF, "va te faire foutre|enculer|voir" },
	{ LEX_TELLOFF, "casse toi ?pauvre ?con" },
	{ LEX_TELLOFF, "fils de pute|chien" },
	{ LEX_TELLOFF,
	    "sale con|conne|chien|pute|race|arabe|juif|noir|merde|type" },
	{ LEX_TELLOFF,
	    "pauvre|gros|espece con|conne|tas|merde|de ?de ?con ?merde" },
	{ LEX_TELLOFF, "quel|un|t con|connard" },
	{ LEX_TELLOFF,
	    "tu es|pues un|une|con|nul|nulle|stupide|bete|moche|chiant "
	    "?con ?idiot ?merde ?imbecile ?debile" },
	{ LEX_TELLOFF, "vai|vao ?se|te ?tomar ?no foder|cu|caralho|merda" },
	{ LEX_TELLOFF, "vai tomar no cu" },
	{ LEX_TELLOFF, "vai pra puta|merda|inferno" },
	{ LEX_TELLOFF, "filho|filha|fdp da puta" },
	{ LEX_TELLOFF, "cala a ?tua ?sua boca" },
	{ LEX_TELLOFF,
	    "voce|vc|tu ?e ?es um|uma|muito ?grande lixo|burro|idiota|"
	    "merda|imbecil|feio|inutil|otario|babaca|bosta|retardado" },
	{ LEX_TELLOFF, "seu|sua lixo|burro|idiota|merda|imbecil|otario|animal|"
		       "retardado|bosta|vaca" },
	/* broken words */
	{ LEX_PROFANE, "fu ck|cker|cking|k" },
	{ LEX_PROFANE, "f uck|ucking|ck|ucker" },
	{ LEX_PROFANE, "fuc k|ker|king" },
	{ LEX_PROFANE, "what|who the f" },
	{ LEX_VULGAR, "sh it|itty" },
	{ LEX_ABUSE, "bit ch|ches" },
	{ LEX_ABUSE, "as|ass hole|shole|holes" },
	{ LEX_ABUSE, "mother fucker|fuckers|fuker" },
	/* hatred of groups */
	{ LEX_HATE, "i ?we hate|despise ?all ?of ?the ?those ?these anygroup" },
	{ LEX_HATE,
	    "kill|gas|exterminate|deport|burn|hang|shoot|lynch|ban|nuke|"
	    "fuck|eradicate|rape|behead|eliminate|hate ?all ?of ?the "
	    "?those ?these anygroup" },
	{ LEX_HATE, "death to ?all ?the anygroup" },
	{ LEX_HATE,
	    "anygroup ?people|men|women are|is|belong "
	    "subhuman|vermin|animals|animal|disgusting|evil|terrorists|"
	    "parasites|scum|dogs|pigs|trash|garbage|stupid|dumb|inferior|"
	    "criminals|rapists|thieves|cockroaches|filth|filthy|dirty|diseased|"
	    "rats|monkeys|apes|cancer|worthless|savages|pedophiles|perverts|"
	    "degenerates|sick|gross|ugly|useless|retarded|mentally|whores|"
	    "sluts|unnatural|abomination|sinners" },
	{ LEX_HATE, "anygroup ?people belong|belongs in|to ?the kitchen|"
		    "gas|zoo|ovens|jail|hell|camps" },
	{ LEX_HATE, "anygroup ?people should|must|need|deserve "
		    "die|killed|shot|burn|hanged|deported|gassed|banned|"
		    "exterminated|raped|burned|executed|lynched|hang" },
	{ LEX_HATE, "stupid|dumb|dirty|filthy|fucking|fuckin|disgusting|damn|"
		    "goddamn|nasty|smelly|sick|evil|retarded|lazy|ugly|lying|"
		    "greedy|typical anygroup" },
	{ LEX_HATE, "anygroup "
		    "scum|vermin|filth|bitch|whore|bastard|faggot|slut|cunt|"
		    "parasite|subhumans|bastards|bitches|whores|devils" },
	{ LEX_HATE, "go back to ?your ?own country|africa|mexico|china|india|"
		    "jungle|hole|shithole|pakistan|where|russia|israel" },
	{ LEX_HATE, "thats|youre|ur|so|how gay|homo" },
	{ LEX_HATE, "gay ass|shit|faggot|boy|loser|retard|noob|lord" },
	{ LEX_HATE, "heil|sieg hitler|heil" },
	{ LEX_HATE, "hitler was right" },
	{ LEX_HATE, "gas chamber|chambers for|him|them|you" },
	{ LEX_HATE, "white power" },
	{ LEX_HATE, "sand|porch|house|field nigger|monkey" },
	{ LEX_HATE, "scheiss|scheiß|drecks|dreckige auslander|juden|turken|"
		    "kanaken|kanake|muslime" },
	{ LEX_HATE, "auslander raus" },
	{ LEX_HATE, "juden ins gas" },
	{ LEX_SELFHARM, "nobody|noone cares ?about you" },
	{ LEX_TELLOFF, "everyone|everybody|we hates|hate you" },
	{ LEX_TELLOFF,
	    "fat|filthy|dirty|stupid|ugly|disgusting|dumb|lazy|smelly|"
	    "sick|nasty|greedy "
	    "pig|pigs|cow|bitch|dog|dogs|ape|rat|rats|fuck|bastard|"
	    "monkey|monkeys|animal|animals|freak|clown|swine|face" },
	/* harmless */
	{ LEX_HARMLESS, "dick van|cheney|dale|tracy|wolf|clark|grayson" },
	{ LEX_HARMLESS, "van|moby|philip|spotted dick|dyke" },
	{ LEX_HARMLESS, "dick van dyke" },
	{ LEX_HARMLESS, "kick|kicks|kicked|kicking ?some ass" },
	{ LEX_HARMLESS, "i|im will|gonna|going|could|can|to ?to beat that" },
	{ LEX_HARMLESS, "i beat|destroy|end|cut|burn|break|smash that" },
	{ LEX_HARMLESS, "i ?will ?can ?could beat you at|to|in|next|there" },
	{ LEX_HARMLESS, "cock crow|a|and doodle|bull" },
	{ LEX_HARMLESS, "blue|great|coal|bearded tit|tits" },
	{ LEX_HARMLESS, "chicken nuggets|soup|dinner|wings|rice|sandwich" },
	{ LEX_HARMLESS, "guinea|year|holy pig|pigs|cow" },
	{ LEX_HARMLESS, "hot dog|dogs" },
	{ LEX_HARMLESS, "grease monkey" },
	{ LEX_HARMLESS, "no joke|nuts" },
	{ LEX_HARMLESS, "chink in ?the|my|your|his armor|armour" },
	{ LEX_HARMLESS, "trash can|talk|bin|day|bag" },
	{ LEX_HARMLESS, "garbage collector|collection|truck|day|can|man" },
	{ LEX_HARMLESS, "sense of humor" },
	{ LEX_HARMLESS, "you are|look|youre ?so ?just insane|crazy|sick|wicked|"
			"slow|weak|right|silly|wasted|washed" },
	{ LEX_HARMLESS, "you ?are|were ?so insane|crazy|wicked" },
	{ LEX_HARMLESS, "youre insane|crazy|wicked|silly" },
	{ LEX_HARMLESS, "i find|shoot|cut|burn|get you a|an|some|one" },
	{ LEX_HARMLESS, "loser|losers bracket|pays|round|pool|buys" },
	{ LEX_HARMLESS, "pussy willow|cat|riot" },
	{ LEX_HARMLESS, "pricks|prick the|my|your bubble|finger|ears" },
	{ LEX_HARMLESS, "hoe the|a garden" },
	{ LEX_HARMLESS, "dont|not kill|hurt yourself" },
	{ LEX_HARMLESS, "no one|body hates you" },
	{ LEX_HARMLESS, "i find you on|in|at|out|later" },
	{ LEX_HARMLESS, "where can|could|do|should i find you" },
	{ LEX_HARMLESS, "know where you live on|in" },
	{ LEX_HARMLESS, "cum laude" },
	{ LEX_HARMLESS, "take my money" },
	{ LEX_HARMLESS, "shut up and take my money" },
	{ 0, NULL },
};
