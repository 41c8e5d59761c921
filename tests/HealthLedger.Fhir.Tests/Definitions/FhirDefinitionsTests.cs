// http://hl7.org/fhir/R4/resourcelist.html, http://hl7.org/fhir/R4/datatypes.html, http://hl7.org/fhir/R4/searchparameter-registry.html,
// http://hl7.org/fhir/R4/compartmentdefinition.html
using System.Text;
using HealthLedger.Fhir.Definitions;

namespace HealthLedger.Fhir.Tests.Definitions;

public sealed class FhirDefinitionsTests
{
    private static FhirDefinitions R4 => FhirDefinitions.R4;

    [Fact]
    public void There_are_146_concrete_resource_types_and_61_data_types()
    {
        Assert.Equal(146, R4.ResourceTypes.Count);
        Assert.Equal(61, R4.DataTypes.Count);
        Assert.Equal(1400, R4.SearchParameters.Count);
        Assert.True(R4.Type("DomainResource")!.IsAbstract);
        Assert.Null(R4.ResourceType("DomainResource"));
        Assert.Null(R4.ResourceType("SubscriptionStatus"));
        Assert.Equal("Patient", R4.ResourceType("Patient"u8)!.Name);
        Assert.Null(R4.ResourceType("patient"u8));
    }

    [Fact]
    public void An_element_has_its_cardinality_flags_and_type()
    {
        var patient = R4.Type("Patient")!;
        var birthDate = patient.Element("birthDate")!;
        Assert.Equal((0, 1), (birthDate.Definition.Min, birthDate.Definition.Max));
        Assert.Equal("date", birthDate.Type.Name);
        Assert.Equal(PrimitiveKind.Date, birthDate.Type.Primitive);
        Assert.True(patient.Element("name")!.Definition.IsRepeating);
        Assert.True(patient.Element("active")!.Definition.IsModifier);
        Assert.True(patient.Element("active")!.Definition.IsSummary);
        Assert.Equal("id", patient.Element("id")!.Type.Name);
        Assert.Equal("string", R4.Type("HumanName")!.Element("id")!.Type.Name);
        Assert.True(R4.Type("HumanName")!.Element("id")!.Definition.IsXmlAttribute);
        Assert.Equal("uri", R4.Type("Extension")!.Element("url")!.Type.Name);
        Assert.Equal(1, R4.Type("Observation")!.Element("code")!.Definition.Min);
        Assert.Equal("id", R4.Type("Patient")!.Elements[0].Name);
        Assert.Null(patient.Element("colour"));
        Assert.Null(patient.Element(new string('x', 5000)));
    }

    [Fact]
    public void A_choice_is_found_by_the_name_with_its_type_only()
    {
        var observation = R4.Type("Observation")!;
        var value = observation.Element("valueQuantity")!;
        Assert.True(value.Definition.IsChoice);
        Assert.Equal("value", value.Definition.Name);
        Assert.Equal("Quantity", value.Type.Name);
        Assert.Equal("dateTime", observation.Element("valueDateTime")!.Type.Name);
        Assert.Null(observation.Element("value"));
        Assert.Null(observation.Element("valueAddress"));
        Assert.Equal(11, observation.ElementNamed("value")!.Types.Count);
        Assert.Equal(50, R4.Type("Extension")!.ElementNamed("value")!.Types.Count);
    }

    [Fact]
    public void Nested_elements_are_types_and_content_references_lead_to_them()
    {
        var contact = R4.Type("Patient")!.Element("contact")!.Type;
        Assert.Equal("Patient.contact", contact.Name);
        Assert.Equal(TypeKind.Backbone, contact.Kind);
        Assert.True(contact.Is("BackboneElement"));
        Assert.Equal("HumanName", contact.Element("name")!.Type.Name);
        var item = R4.Type("Questionnaire")!.Element("item")!.Type;
        Assert.Same(item, item.Element("item")!.Type);
        Assert.True(R4.Type("Age")!.Is("Quantity"));
        Assert.True(R4.Type("Patient")!.Is("Resource"));
        Assert.False(R4.Type("Bundle")!.Is("DomainResource"));
    }

    [Fact]
    public void A_required_binding_has_its_codes_and_one_to_open_systems_has_none()
    {
        var gender = R4.Type("Patient")!.Element("gender")!.Definition.Binding!;
        Assert.Equal(BindingStrength.Required, gender.Strength);
        Assert.Equal("http://hl7.org/fhir/ValueSet/administrative-gender", gender.ValueSet);
        Assert.Equal(["female", "male", "other", "unknown"], gender.Codes!.Codes.Order(StringComparer.Ordinal));
        Assert.True(gender.Codes.Contains("other"u8));
        Assert.False(gender.Codes.Contains("Other"));
        Assert.Null(R4.Type("Attachment")!.Element("contentType")!.Definition.Binding!.Codes);
        var clinical = R4.Type("Condition")!.Element("clinicalStatus")!.Definition.Binding!.Codes!;
        Assert.True(clinical.Contains("http://terminology.hl7.org/CodeSystem/condition-clinical", "remission"));
        Assert.False(clinical.Contains("http://example.org", "remission"));
    }

    [Fact]
    public void A_value_set_over_several_code_systems_has_the_codes_of_each()
    {
        // all-types is the union of data-types and resource-types.
        Assert.True(R4.Type("OperationDefinition.parameter")!.Element("type")!.Definition.Binding!.Codes!.Contains("Patient"));
        Assert.True(R4.Type("OperationDefinition.parameter")!.Element("type")!.Definition.Binding!.Codes!.Contains("string"));
    }

    [Fact]
    public void References_name_their_targets()
    {
        Assert.Equal(["Patient", "Group", "Device", "Location"], R4.Type("Observation")!.Element("subject")!.Definition.ReferenceTargets);
        Assert.Equal(["Resource"], R4.Type("Observation")!.Element("focus")!.Definition.ReferenceTargets);
    }

    [Fact]
    public void Invariants_stand_where_they_are_stated_and_once()
    {
        Assert.Contains(R4.Type("Element")!.Invariants, i => i.Key == "ele-1");
        var contact = R4.Type("Patient")!.Element("contact")!.Definition;
        Assert.Contains(contact.Invariants, i => i is { Key: "pat-1", IsWarning: false });
        Assert.DoesNotContain(contact.Invariants, i => i.Key == "ele-1");
        Assert.Contains(R4.Type("Patient")!.Invariants, i => i is { Key: "dom-6", IsWarning: true });
        Assert.Contains(R4.Type("Quantity")!.Invariants, i => i.Key == "qty-3");
        Assert.Empty(R4.Type("Observation")!.ElementNamed("value")!.Invariants);
    }

    [Fact]
    public void Search_parameters_of_the_bases_belong_to_each_type()
    {
        Assert.Equal("Resource.id", R4.SearchParameter("Patient", "_id")!.Expression);
        Assert.Equal(SearchParameterType.Date, R4.SearchParameter("Observation", "_lastUpdated")!.Type);
        Assert.NotNull(R4.SearchParameter("Patient", "_text"));
        Assert.Null(R4.SearchParameter("Bundle", "_text"));
        var patient = R4.SearchParameter("Observation", "patient")!;
        Assert.Equal(SearchParameterType.Reference, patient.Type);
        Assert.Contains("Patient", patient.Targets);
        Assert.Contains(R4.SearchParametersOf("Patient"), p => p.Code == "birthdate");
        Assert.Empty(R4.SearchParametersOf("Nonsense"));
        Assert.Null(R4.SearchParameter("Patient", "Birthdate"));
        Assert.Equal("http://hl7.org/fhir/SearchParameter/Condition-subject", R4.SearchParameter("Condition", "subject")!.Url);
    }

    [Fact]
    public void A_composite_names_its_parts()
    {
        var parameter = R4.SearchParameter("Observation", "code-value-quantity")!;
        Assert.Equal(2, parameter.Components.Count);
        Assert.All(parameter.Components, c => Assert.NotNull(R4.SearchParameter(c.DefinitionUrl)));
    }

    [Fact]
    public void The_patient_compartment_says_by_which_parameters_a_resource_belongs()
    {
        var compartment = R4.Compartment("Patient")!;
        Assert.Equal(["subject", "performer"], compartment.Parameters("Observation"));
        Assert.Empty(compartment.Parameters("Medication"));
        Assert.Equal(["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"], R4.Compartments.Order(StringComparer.Ordinal));
        Assert.Empty(R4.Compartment("Device")!.Parameters("Nonsense"));
    }

    [Fact]
    public void No_type_has_more_elements_than_the_bits_that_validation_marks_them_with()
    {
        var seen = new HashSet<TypeDefinition>();
        var open = new Queue<TypeDefinition>(R4.ResourceTypes.Concat(R4.DataTypes).Select(n => R4.Type(n)!));
        while (open.TryDequeue(out var type))
        {
            Assert.True(type.Elements.Count <= 64, type.Name);
            foreach (var next in type.Elements.SelectMany(e => e.Types).Select(t => t.Type).Where(seen.Add))
            {
                open.Enqueue(next);
            }
        }

        Assert.True(seen.Count > 500);
    }

    [Fact]
    public void Every_element_of_every_type_is_found_under_each_of_its_json_names()
    {
        var seen = 0;
        foreach (var type in R4.ResourceTypes.Concat(R4.DataTypes).Select(n => R4.Type(n)!))
        {
            foreach (var element in type.Elements)
            {
                Assert.NotEmpty(element.Types);
                foreach (var use in element.Types)
                {
                    var name = element.IsChoice ? element.Name + char.ToUpperInvariant(use.Type.Name[0]) + use.Type.Name[1..] : element.Name;
                    var form = type.Element(Encoding.UTF8.GetBytes(name));
                    Assert.Same(element, form!.Definition);
                    Assert.Same(use.Type, form.Type);
                    seen++;
                }
            }
        }

        Assert.True(seen > 3000);
    }
}
