/*
 * words: the lexicon's words with what they weigh. Rules of the house: a word
 * with an everyday meaning ("cock", "trash", "pig") is exact or needs an
 * addressee; what people are is never in here, only what they are called.
 */
#include "lexicon.h"

#include "../banned.h"

/*            toxicity, severe, obscene, threat, insult, identity; directed */
const struct lex_profile lex_profile[LEX_PROFILES] = {
	[LEX_NONE] = { .directed = 0 },
	[LEX_PROFANE] = { { 82, 15, 85, 2, 30, 3 }, 92, false, false },
	[LEX_VULGAR] = { { 66, 4, 68, 1, 15, 1 }, 80, false, false },
	[LEX_CRUDE] = { { 36, 0, 38, 0, 12, 0 }, 76, false, false },
	[LEX_MILD] = { { 18, 0, 18, 0, 2, 0 }, 25, false, false },
	[LEX_ABUSE] = { { 92, 28, 80, 2, 86, 5 }, 96, false, false },
	[LEX_INSULT] = { { 76, 3, 15, 0, 77, 2 }, 92, true, false },
	[LEX_BELITTLE] = { { 40, 0, 4, 0, 40, 0 }, 80, true, true },
	[LEX_JEER] = { { 50, 0, 4, 0, 50, 0 }, 80, true, true },
	[LEX_REMARK] = { { 6, 0, 0, 0, 6, 0 }, 70, true, false },
	[LEX_ANIMAL] = { { 4, 0, 0, 0, 4, 0 }, 76, true, false },
	[LEX_SLUR] = { { 95, 55, 50, 5, 70, 92 }, 97, false, false },
	[LEX_SLURLET] = { { 80, 12, 20, 2, 62, 76 }, 90, false, false },
	[LEX_SEXUAL] = { { 64, 5, 68, 1, 8, 2 }, 80, false, false },
	[LEX_VIOLENCE] = { { 42, 6, 8, 38, 6, 2 }, 60, false, false },
	[LEX_THREAT] = { { 91, 40, 8, 92, 40, 4 }, 0, false, false },
	[LEX_SELFHARM] = { { 93, 42, 6, 72, 66, 4 }, 0, false, false },
	[LEX_HATE] = { { 88, 22, 10, 8, 55, 90 }, 0, false, false },
	[LEX_TELLOFF] = { { 68, 3, 12, 1, 69, 1 }, 0, false, false },
	[LEX_HARMLESS] = { .directed = 0 },
};

/*
 * a^ counts inside other words too, a= only as it is, a! in disguise, a* with
 * asterisks even where these could hide an ordinary word.
 */
const struct lex_words lex_words[] = {
	{ LEX_PROFANE, LEX_STRONG,
	    "fuck^* fuk fck fcuk fvck phuck phuk fuq fuc fuckk fock= fk= fack= "
	    "fckng= fkng= fuckng= fuking= fukin= sftu= fkn= fkin= "
	    "fking= fker= fkers= fukk effing= fuxk fux fuckery feking= "
	    "fucker fuckers fcking= fckin= fcker= fcken= fuking= fuckoff "
	    "motherfucking "
	    "stfu= gtfo= foad= " },
	{ LEX_MILD, LEX_EXACT, "wtf wth omfg ffs jfc idgaf" },
	{ LEX_VULGAR, LEX_STRONG,
	    "shit^* shyt shiet shite shitty shitter shitshow bullshit "
	    "horseshit "
	    "dogshit batshit apeshit shithead piss pissed pissing pissoff turd "
	    "bollocks= goddamn goddamned goddam arse= arsed= arses= bastard "
	    "bloodyhell sht= shitless asswipe" },
	{ LEX_CRUDE, LEX_EXACT,
	    "ass asses butt butthole dick dicks cock cocks balls tits titties "
	    "boobs tit nuts suck sucks sucked sucking sux crap crappy damn "
	    "dammit damned dayum bum bums anal anus poop penis vagina wiener "
	    "schlong weenie nude nudes porn porno horny" },
	{ LEX_MILD, LEX_EXACT, "hell heck darn freaking frickin bloody smh" },
	{ LEX_ABUSE, LEX_STRONG,
	    "asshole^* ashole arsehole azzhole asshat assclown assface "
	    "assmunch asslicker bitch^* biatch biotch bich= betch= beyotch "
	    ""
	    "btch= cunt* cuntface cuntbag kunt= cnt= motherfucker^ "
	    "motherfuckers mofo mofos mutherfucker muthafucka muthafuckin "
	    "whore^ whor= slut^* slutty skank thot= hoe= hoes= "
	    "dickhead^ dickwad dickface dickless cockhead fuckface fuckwit "
	    "fuckhead fuckboy fucktard fuckstick shithead shitbag shitface "
	    "shitstain cocksucker^ cocksucking cuck cucks= "
	    "wanker wank= wanking= twat twats= tosser= bellend knobhead "
	    "scumbag^ douchebag^ douche douchey jackass jackasses= dumbass^ "
	    "dumbfuck dumbshit dipshit fatass lardass "
	    "bastards= pussies= pussy* prick= pricks= minger= slag= slags= "
	    "minge= dickbag cumdumpster cumslut cumbucket buttface pisshead "
	    "retard^* retarded retards tard= tards= libtard= libtards= "
	    "fucknut fuckwad shitlord pedophile= paedophile= pedo= pedos= "
	    "paedo= rapist= rapists=" },
	{ LEX_INSULT, LEX_STRONG,
	    "idiot^* idiotic idiocy idoit idoits= idiots= moron^* moronic "
	    "imbecile^ imbeciles= cretin cretinous dimwit halfwit nitwit "
	    "dipstick= numbskull numskull dunce= simpleton dullard "
	    "birdbrain peabrain pinhead blockhead bonehead meathead "
	    "knucklehead "
	    "airhead= scum= scums= scummy= subhuman lowlife lowlifes= "
	    "degenerate degenerates= loser* losers= luser= deadbeat= dumbo= "
	    "dumdum= dummy= ignoramus schmuck= putz= "
	    "bimbo= skanky= hussy= wench= fatso fatty= "
	    "lardo= tubby= uggo= pervert perv= pervs= "
	    "weirdo= weirdos= psycho= psychos= lunatic= sicko= sickos= "
	    "maggot= vermin= parasite= cockroach= scoundrel "
	    "brainless witless gutless spineless braindead= inbred= inbreds= "
	    "nincompoop= buffoon buffoons= wuss= sissy= "
	    "crybabies= snowflake= bozo= bozos= dolt= oaf= twerp= "
	    "wretch= incel= incels= neckbeard= shitter "
	    "noobtard= sucker= suckers= suka= muppet= muppets= mongoloid= "
	    ""
	    "mongs= spaz= spastic= spastics= numpty= plonker= pillock= "
	    "dickish= turdface arselicker mouthbreather= eejit= "
	    "dork= poser= wimp= wimps= "
	    "twits= " },
	{ LEX_BELITTLE, LEX_EXACT | LEX_STRONG,
	    "dumb dumber dumbest stupid stupidest stupidity stoopid trash "
	    "trashy garbage pathetic worthless useless clueless disgusting "
	    "ugly ugliest clown clowns coward cowards cowardly liar liars "
	    "cheater cheaters hypocrite hypocrites toxic" },
	{ LEX_BELITTLE, LEX_EXACT,
	    "fu stupd "
	    "stupit "
	    "rubbish hopeless "
	    "mindless disgrace disgraceful embarrassing "
	    "embarrassment laughable "
	    "failure ridiculous "
	    ""
	    "fraud foolish "
	    "fool "
	    "fools ignorant incompetent incapable talentless toothless "
	    "repulsive revolting vile filthy filth lamest "
	    "atrocious abysmal horrendous "
	    "arrogant selfish childish immature brat brats "
	    "jerk jerks creepy nasty freak freaks "
	    "demented deranged delusional unstable "
	    "fascist bigots "
	    "narcissist "
	    "sociopath psychopath cancerous "
	    "autistic autist smelly stinky stink stinks vomit "
	    "hideous coon= pest abomination "
	    "waster donkeys cringe cringy simp "
	    "simps peasant degen peon lunatics "
	    "unbearable insufferable irrelevant despicable detestable "
	    "deplorable contemptible disgusted unwanted hated "
	    "unlovable shameful shameless spoiled snitch "
	    "twofaced dogwater scammer scammers " },
	{ LEX_JEER, LEX_EXACT | LEX_STRONG,
	    "crybaby crybabies noob noobs noobie noobies nooblet nub nubs nobs "
	    "newb noobest "
	    "" },
	{ LEX_REMARK, LEX_EXACT,
	    "dyke dykes joke waste wasted washed mistake burden fat obese "
	    "weird horrible "
	    "worst terrible awful nobody rat rats snake snakes evil monster "
	    "dirty lame gross annoying insect worm worms toad slug sheep goat "
	    "vegetable plague reject rejects troll trolls lazy racist sexist "
	    "bigot nazi nazis terrorist terrorists criminal thief thieves "
	    "cancer "
	    "animal animals whale hippo tool nerd creep creeps bot bots "
	    "weirdos "
	    "tonto zorra opfer penner dumm blod con conne burro feo "
	    "prat twit git tramp mong leech nonce nonces scrub scrubs virgin" },
	{ LEX_ANIMAL, LEX_EXACT,
	    "dog dogs pig pigs swine cow cows donkey monkey monkeys ape apes "
	    "chimp chimpanzee baboon gorilla rodent "
	    "cockroaches parasites "
	    "bum "
	    "muppet" },
	{ LEX_SLUR, LEX_STRONG,
	    "nigger^* niggers= niggr= nigga^* niggaz= nigguh= nigg= nigs= nig= "
	    "niggah= negroid= sandnigger wigger= "
	    "faggot^* faggots= fagot= fag= fags= faggy= faget= fagget= phag= "
	    "faggit= kike= kikes= kyke= spic= spics= wetback= wetbacks= "
	    "chink= chinks= gook= gooks= raghead towelhead cameljockey "
	    "tranny= trannies= trannys= shemale= shemales= "
	    "coons= coon= jigaboo= jiggaboo= porchmonkey= darkie= darkies= "
	    "paki= pakis= beaner= beaners= gyppo= pikey= pikeys= "
	    "abbo= zipperhead= muzzie= muzzies= mudslime= "
	    "untermensch= heeb= hymie= golliwog= redskin= squaw= "
	    "ladyboy= poofter= batty= pajeet= pajeets= currymuncher= "
	    "kaffir= jungleb= wog= wogs= " },
	{ LEX_SLURLET, LEX_STRONG,
	    "homo= homos= lesbo= lesbos= lezzo= negro= negroes= "
	    "libtard= feminazi= feminazis= chingchong= shylock= "
	    "jap= japs= gypo= poof= poofs= sodomite= sodomites= femoid= "
	    "femoids= towelheads= halfbreed= whitetrash= "
	    "islamonazi= jewboy= chinaman= chinamen= " },
	{ LEX_SEXUAL, LEX_STRONG,
	    "blowjob handjob rimjob cumshot creampie gangbang bukkake "
	    "deepthroat "
	    "jizz= jizzed= cum= cumming= cums= cumm= jerkoff masturbate "
	    "masturbating= masturbation= dildo dildos= fap= fapping= boner= "
	    "buttplug clit= clitoris= cunnilingus fellatio hentai= pornhub= "
	    "titfuck tittyfuck orgasm= ejaculate= threesome= milf= milfs= "
	    "dicksuck dicksucker cocksuck fisting= felching= sodomy= sodomize= "
	    "slutshame whorehouse nutsack= ballsack= scrotum= teabag= "
	    "upskirt= cameltoe= queef= smegma= bestiality= zoophilia= bdsm=" },
	{ LEX_VIOLENCE, LEX_EXACT,
	    "rape raped raping rapes molest molested genocide lynch lynched "
	    "behead beheaded gasthem" },
	/* German, Spanish, French, Portuguese, Italian, Polish, Russian ... */
	{ LEX_ABUSE, LEX_STRONG,
	    "arschloch^ arschloecher= arschlocher= hurensohn^ hurensoehne= "
	    "hurensohne= hure= huren= wichser^ wixer= wixxer= fotze= fotzen= "
	    "missgeburt= missgeburten= schlampe= schlampen= nutte= nutten= "
	    "schwuchtel= schwuchteln= spasti= spast= spasten= mongo= "
	    "drecksau= dreckskerl= drecksack= scheisskerl= "
	    "puta= putas= puto= putos= hijoputa= hijueputa= gilipollas= "
	    "cabron= cabrona= cabrones= pendejo= pendejos= pendeja= maricon= "
	    "maricones= marica= pinche= culero= culeros= malparido= "
	    "gonorrea= hdp= ptm= conchetumadre= ctm= perra= "
	    "connard^ connards= connarde= connasse^ conasse= salope^ salopes= "
	    "encule= enculer= encules= batard= batards= pute= putes= putain= "
	    "fdp= ntm= tapette= salaud= salauds= "
	    "caralho= porra= filhodaputa= arrombado= arrombados= viado= "
	    "viados= viadinho= cuzao= cuzaos= vagabunda= vadia= vadias= "
	    "buceta= "
	    "corno= desgracado= desgracada= otario= otarios= babaca= "
	    "stronzo= stronzi= stronza= coglione= coglioni= vaffanculo= "
	    "bastardo= puttana= troia= minchia= cazzo= "
	    "kurwo= jebane= pierdolone= kurwa= kurwy= chuj= huj= pierdole= "
	    "jebac= jebany= spierdalaj= "
	    "pizda= debil= debile= debilu= debily= "
	    "blyat= blyad= suka= cyka= pidor= pidoras= pidaras= mudak= "
	    "dolboeb= dolbaeb= ebanat= "
	    "нахуй= лох= лохи= тупая= тупой= тупые= пидары= пидар= петух= "
	    "ебло= уебан= пидр= "
	    "дебила= дебилов= сука= суки= блядь= блять= бля= хуй= хуя= хуйня= "
	    "хуйло= пизда= "
	    "пиздец= пидор= пидоры= пидорас= пидарас= мудак= мудаки= ебать= "
	    "ебаный= ебанат= долбоеб= долбаеб= дебил= дебилы= уебок= гандон= "
	    "чмо= шлюха= мразь= ублюдок= кретин= идиот= идиоты= тварь= "
	    "orospu= amk= siktir= sikerim= kurva= picka= pichka= "
	    "jebem= jebote= puttane= hoer= kanker= klootzak= tering= "
	    "perkele= vittu= kurac= " },
	{ LEX_VULGAR, LEX_STRONG,
	    "scheisse= scheiss= scheiße= scheiß= kacke= verdammt= "
	    "merde= merdes= chiant= chier= mierda= cono= joder= "
	    "chingar= chinga= chingada= carajo= verga= culo= merda= bosta= "
	    "foder= foda= fodase= cacete= mierdas= mierdoso= cagada= "
	    "говно= дерьмо= жопа=" },
	{ LEX_INSULT, LEX_STRONG,
	    "vollidiot= vollidioten= idioten= idiota= idiotas= idiote= "
	    "trottel= depp= deppen= dummkopf= vollpfosten= blodmann= "
	    "schwachkopf= behindert= behinderter= abschaum= "
	    "versager= "
	    "imbecil= imbeciles= imbecile= estupido= estupida= "
	    "estupidos= tarado= tarada= tarados= retrasado= retrasados= "
	    "retrasada= subnormal= payaso= basura= "
	    "abruti= abrutis= cretino= cretini= debile= "
	    "mongol= mongole= bouffon= ordure= "
	    "lixo= palhaco= nojento= nojenta= scemo= deficiente= "
	    "idiotul= idioci= idiotka= kretyn= kretynie= downie= " },
	/* Said to or of whom, and what may stand in between. */
	{ LEX_NONE, LEX_YOU,
	    "you u youre ure ya yall youall yous yourself urself thou ye yu "
	    "uare youve ua du tu usted vous voce bist eres kamu ты вы" },
	{ LEX_NONE, LEX_YOUR, "your ur yr yo youd" },
	{ LEX_NONE, LEX_SELF, "i ive me my myself" },
	{ LEX_NONE, LEX_SELF | LEX_BE, "im iam am" },
	{ LEX_NONE, LEX_THEM,
	    "he she they hes shes theyre theyr guy guys team teams player "
	    "players teammate teammates him them people everyone everybody "
	    "admin admins mod mods mid jungle jungler carry healer streamer "
	    "boyfriend girlfriend mom mum mother dad father" },
	{ LEX_NONE, LEX_FILL | LEX_BE,
	    "are r is be was were being look looks looking sound sounds play "
	    "plays playing played act acts acting like look seem seems smell "
	    "smells must think bunch of lot pack as have has got getting get" },
	{ LEX_NONE, LEX_FILL | LEX_ART, "a an such another one some" },
	{ LEX_NONE, LEX_FILL,
	    "will gonna going to would should could can swear wanna want ima "
	    "imma "
	    "and ever pls please then go of be "
	    "human the so all just really very really too real pretty fucking "
	    "fuckin "
	    "absolute absolutely complete completely total totally utter "
	    "utterly "
	    "such little big bloody damn goddamn freaking most more biggest "
	    "fcking fking literally actual actually legit always still also "
	    "only even kinda sorta honestly truly simply nothing but old even "
	    "hella mega super ultra quite rather how what this that "
	    "both two three guys simply still never seriously straight "
	    "sad sorry poor disgusting miserable giant huge massive" },
	{ LEX_NONE, LEX_FILL | LEX_NEG,
	    "not isnt arent aint werent wasnt no never" },
	{ LEX_NONE, LEX_GROUP,
	    "gays lesbian lesbians trans transgender transgenders jew jews "
	    "jewish "
	    "muslim muslims moslem moslems islam christian christians "
	    "catholics "
	    "black blacks white whites asian asians african africans arab "
	    "arabs mexican mexicans latino latinos hispanic hispanics indian "
	    "indians chinese russian russians ukrainians polish poles turks "
	    "immigrant immigrants migrants refugee refugees foreigners women "
	    "woman female females girls homosexual homosexuals queer queers "
	    "gypsy gypsies israelis palestinians japanese koreans pakistanis "
	    "negros americans europeans germans hindus atheists feminists "
	    "disabled autistics" },
	/* Gloating: the annotators of games mind it, most players don't. */
	{ LEX_NONE, LEX_TAUNT, "ez" },
	/* Not what they seem to hold. */
	{ LEX_NONE, LEX_SAFE,
	    "puss assess assesses assessed assessing assessment assessor "
	    "pussycat pussycats pussyfoot pussyfooting pussyfooted "
	    "shiitake shitake shitaki matsushita yoshitaka snigger sniggers "
	    "sniggered sniggering niggard niggardly retardant retardants "
	    "focker fockers scunthorpe slutsky mishit mishits oxymoron "
	    "oxymorons "
	    "oxymoronic cumin document circumstance cucumber retardation "
	    "flameretardant shitzu shihtzu bitcoin nigeria niger nigerian "
	    "nigerians idiomatic idiom idioms idiolect analysis analyst "
	    "whorl whorls whorled asshur shittim moronga moringa" },
	{ 0, 0, NULL },
};

const char *const lex_synonyms[] = {
	"you u ya yall yous youall ye yu thou",
	"your ur yr",
	"youre ure uare",
	"yourself urself yourselves yoself",
	"i ill",
	"gonna gunna gon finna",
	"are r",
	"am iam",
	"hope wish",
	"suck sucks sux",
	"kill murder slaughter execute",
	"want wanna",
	"mom mum momma mother mama mommy mommas moms mums mothers",
	"hate despise loathe detest",
	NULL,
};
