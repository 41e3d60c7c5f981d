"""What is not on a page, and why: left out by rule, or not made."""

TEXTS: dict[str, tuple[str, str]] = {
    "page.left_out": ("Niet openbaar", "Not public"),
    "page.left_out_rule": (
        "Dit hoort bij deze analyse, maar wordt nooit openbaar gemaakt, wat de cijfers ook zeggen.",
        "This belongs to the analysis, but is never made public, whatever the figures say.",
    ),
    "page.missing": ("Niet in deze uitvoer", "Not in this output"),
    "page.missing_rule": (
        "Deze onderdelen zijn niet gemaakt. Dat betekent niet dat er niets is gevonden. De maker van deze pagina vindt "
        "de volledige melding in manifest.json en op het scherm van de run.",
        "These parts were not made. That does not mean that nothing was found. Who made this page finds the full "
        "message in manifest.json and on the screen of the run.",
    ),
    "left_out.density": ("Dichtheid per vak", "Density per cell"),
    "left_out.density.why": (
        "Uit de kleuren van een kaart in vakken van 100 meter zijn aantallen af te leiden die fijner zijn dan wat de "
        "politie zelf publiceert.",
        "From the colours of a map in cells of 100 metres counts can be worked out that are finer than what the police "
        "publish themselves.",
    ),
    "left_out.season_places": ("Drukke plekken per seizoen", "Busy places by season"),
    "left_out.season_places.why": (
        "Ze volgen uit aantallen per vak van 100 meter en per uur, fijner dan wat de politie zelf publiceert.",
        "They follow from counts per cell of 100 metres and per hour, finer than what the police publish themselves.",
    ),
    "left_out.near_repeats": ("Herhaling in de buurt en golven", "Near repeats and waves"),
    "left_out.near_repeats.why": (
        "Ze volgen uit de plek en de dag van losse incidenten. De politie publiceert aantallen per buurt en maand.",
        "They follow from place and day of single incidents. The police publish counts per neighbourhood and month.",
    ),
    "left_out.targets": ("Waar en wanneer inzetten", "Where and when to act"),
    "left_out.targets.why": (
        "Dit is alleen voor wie de inzet doet: wie weet waar en wanneer er toezicht is, kan eromheen.",
        "This is only for those who act: who knows where and when there is surveillance can avoid it.",
    ),
    "left_out.operation": ("Evaluatie van een operatie", "Evaluation of an operation"),
    "left_out.operation.why": (
        "Plekken en dagen van een operatie, en de aantallen daar, zijn fijner dan wat de politie zelf publiceert.",
        "Places and days of an operation, and the counts there, are finer than what the police publish themselves.",
    ),
    "refused.rows": (
        "Het was niet alleen een overzicht van gebieden: er stonden kolommen, tijden of vormen in waarin losse "
        "incidenten te herkennen kunnen zijn. Maak eerst aantallen per gebied, vak van 100 meter of periode.",
        "It did not speak of areas only: it had columns, moments or shapes in which single incidents may be "
        "recognised. Count per area, cell of 100 metres or period first.",
    ),
    "refused.act": (
        "Waar en wanneer wordt ingezet, is niet openbaar.",
        "Where and when somebody will act is not public.",
    ),
    "refused.outside": (
        "De plekken waren zo fijn getekend dat van elke andere plek bekend zou worden dat er weinig gebeurde. Een "
        "ruimere bandbreedte kan wel.",
        "The places were drawn so finely that of every other place it would be known that little happened there. A "
        "wider bandwidth would pass.",
    ),
    "refused.outlines": (
        "De plekken namen te veel van het gebied in: uit hun grenzen zijn dan aantallen af te leiden. Een kleiner "
        "aandeel van het gebied kan wel.",
        "The places took too much of the area: from their borders counts can then be worked out. A smaller share "
        "of the area would pass.",
    ),
    "refused.finer": (
        "Het is fijner dan wat de politie zelf publiceert, en kleine aantallen zijn eruit af te leiden. Aantallen per "
        "buurt en maand kunnen wel.",
        "It is finer than what the police publish themselves, and small counts can be worked out from it. Counts per "
        "neighbourhood and month would pass.",
    ),
    "refused.unchecked": (
        "Er staat niet in waarvan het de aantallen zijn, zodat niet na te gaan is of kleine aantallen eruit af te "
        "leiden zijn.",
        "It does not say what its counts are of, so that nobody can check whether small counts can be worked out.",
    ),
    "refused.places": (
        "Het was getekend op de precieze plek van incidenten. Op vakken van 100 meter of groter kan het wel.",
        "It was drawn on the exact places of incidents. On cells of 100 metres or more it would pass.",
    ),
    "refused.surface": (
        "De precieze waarden van een dichtheid blijven in huis. Een kaart in klassen kan wel, maar niet openbaar.",
        "The exact values of a density stay in the house. A map in classes would pass, but not for the public.",
    ),
    "refused.small": (
        "Kleine aantallen waren eruit af te leiden. Of het met grotere gebieden, een langere periode of minder soorten "
        "wel kan, is niet geprobeerd.",
        "Small counts could be worked out from it. Whether larger areas, a longer period or fewer types would pass has "
        "not been tried.",
    ),
    "refused.meanwhile": (
        "Terwijl dit werd gemaakt, is iets anders openbaar gemaakt waarmee samen kleine aantallen af te leiden zijn. "
        "Maak het opnieuw.",
        "While this was made, something else became public with which small counts can be worked out. Make it again.",
    ),
    "refused.page": (
        "De pagina zou iets van internet ophalen, vreemde code uitvoeren of een incident bevatten.",
        "The page would fetch something from the internet, run foreign code or hold an incident.",
    ),
    "failed.ConfigError": (
        "De instellingen of de gegevens van deze run laten het niet toe.",
        "The settings or the data of this run do not allow it.",
    ),
    "failed.data": (
        "Gegevens ontbreken of zijn zo niet te gebruiken.",
        "Data are missing, or cannot be used as they are.",
    ),
    "failed.other": ("Het rekenen is halverwege gestopt.", "The computation stopped halfway."),
}
