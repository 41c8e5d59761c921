namespace HealthLedger.Gateway.Demo.Hospital;

/// <summary>Names and addresses of nobody: joined from made-up parts, long enough that finding one in a file means it leaked.</summary>
internal static class InventedPeople
{
    private static readonly string[] s_women =
    [
        "Alisandre", "Bellamira", "Corwenna", "Delphira", "Elowyna", "Fenorelle", "Guenivra", "Hestriana", "Isaveline", "Jorabelle", "Katriessa",
        "Lysandrea", "Mirabelda", "Nerissima", "Ottiliana", "Perenelle", "Rosamunda", "Seraphelle", "Thessaly", "Ursuletta", "Vespertine", "Wilhelmira",
    ];

    private static readonly string[] s_men =
    [
        "Aldemaric", "Bertolomew", "Cassivaun", "Dagomir", "Eustachio", "Ferrandino", "Gaspardin", "Hadrianus", "Ignaztio", "Jaroslavik", "Kelvander",
        "Leofrico", "Maximander", "Norbertin", "Osvaldur", "Peregrinus", "Rodolphin", "Sigismund", "Theobaldus", "Ulricson", "Valdemario", "Wenceslav",
    ];

    private static readonly string[] s_starts =
    [
        "Abber", "Brack", "Calder", "Dunst", "Elver", "Farrow", "Glent", "Harst", "Inver", "Jessom", "Kestr", "Lanther", "Morv", "Nether", "Orrin", "Pendr",
        "Quill", "Raven", "Skelm", "Tarr", "Umber", "Vantr", "Wither", "Yarrow", "Zell",
    ];

    private static readonly string[] s_middles = ["a", "el", "en", "i", "in", "o", "or", "u", "am", "ist"];
    private static readonly string[] s_ends = ["beckham", "combesby", "dalewick", "fieldsen", "garthwen", "holmsted", "mondeley", "quistan", "strander", "thwaiter", "wickstow"];
    private static readonly string[] s_streets = ["Larkspire Terrace", "Quenby Hollow", "Saddlerock Lane", "Tanglefern Close", "Oxmoor Parade", "Juniper Wharfside", "Bellfounder Row"];
    private static readonly string[] s_houses = ["Wisteria Court", "Hawksmere House", "Millrace Cottage", "Coopers Granary", "Old Tollhouse"];
    private static readonly string[] s_cities = ["Northam Ferry", "Riverside Vale", "Easterby", "Kingsmarsh"];

    public static string Given(SeededGenerator random, bool female) => random.Pick<string>(female ? s_women : s_men);

    public static string Family(SeededGenerator random) =>
        random.Pick<string>(s_starts) + random.Pick<string>(s_middles) + random.Pick<string>(s_ends);

    public static string[] AddressLines(SeededGenerator random)
    {
        var street = $"{random.Between(101, 989)} {random.Pick<string>(s_streets)}";
        return random.Chance(0.35) ? [$"{random.Between(1, 48)} {random.Pick<string>(s_houses)}", street] : [street];
    }

    public static string City(SeededGenerator random) => random.Pick<string>(s_cities);
}
