using HealthLedger.Fhir.Generator;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project fhir-profiles/generator -- DEFINITIONS-FOLDER OUTPUT-FILE");
    return 2;
}

if (!Directory.Exists(args[0]))
{
    Console.Error.WriteLine($"{args[0]} is not a folder: give the folder that holds the official R4 definitions.");
    return 2;
}

var definitions = OfficialDefinitions.Load(args[0]);
var table = Path.GetExtension(args[1]) switch
{
    ".terminology" => TerminologyTable.Build(definitions),
    ".profiles" => ProfileTable.Build(definitions),
    _ => DefinitionsTable.Build(definitions),
};
var packed = DefinitionsTable.Pack(table);
File.WriteAllBytes(args[1], packed);
Console.WriteLine($"{args[1]}: {table.Length} bytes, {packed.Length} packed");
return 0;
