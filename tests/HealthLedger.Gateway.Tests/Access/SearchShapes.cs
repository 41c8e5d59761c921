namespace HealthLedger.Gateway.Tests.Access;

/// <summary>Searches that look through other records, aimed at what one of the two worlds hides: beside, behind and in front of what is visible.</summary>
internal static class SearchShapes
{
    /// <summary>Paths and queries, each once.</summary>
    public static IEnumerable<string> All() => Chains().Concat(Has()).Concat(Includes()).Concat(Orders()).Concat(Lists()).Concat(Filters()).Concat(Places()).Concat(Texts()).Distinct();

    private static IEnumerable<string> Chains()
    {
        foreach (var last in new[] { "family=Openshaw", "family:exact=Openshaw", "name:contains=shaw", "identifier=urn:mrn|mrn-Openshaw", "gender=female", "gender:not=male", "birthdate=1970-05-04", "_id=hidden-patient", "deceased:missing=true", "link:missing=false" })
        {
            yield return $"Observation?subject.{last}";
            yield return $"Observation?subject:Patient.{last}";
            yield return $"Observation?patient.{last}&_summary=count";
            yield return $"Observation?patient=hidden-patient&subject:Patient.{last}";
        }

        foreach (var query in new[]
        {
            "Appointment?actor:Patient.family=Openshaw", "Appointment?patient.family=Openshaw", "Appointment?patient.family=Partridge&patient.family=Openshaw", "Condition?patient.family=Partridge",
            "Observation?has-member.code=8867-4", "Observation?has-member:Observation.status=final", "Observation?has-member:Observation.subject:Patient.family=Openshaw", "Observation?has-member._security=R",
            "Observation?focus:Patient.family=Openshaw", "Observation?focus:Patient.gender=female", "Observation?encounter.status=finished", "Observation?encounter.part-of.status=finished",
            "Observation?encounter:Encounter.subject:Patient.family=Openshaw", "Observation?performer:Practitioner.family=Doctorow", "Observation?performer:Practitioner.identifier=urn:npi|npi-Doctorow&_count=2",
            "Encounter?part-of.status=finished", "Encounter?part-of:Encounter.subject:Patient.name=Openshaw", "Patient?general-practitioner:Practitioner.family=Doctorow", "Patient?link:Patient.family=Openshaw",
            "Patient?link:Patient.link:Patient.family=Openshaw", "Provenance?target:Observation.status=final", "Provenance?target:Observation.code=8867-4", "Provenance?patient.family=Openshaw",
            "List?item:Observation.status=final", "List?item:Observation.subject:Patient.family=Openshaw", "List?subject:Patient.family=Openshaw", "Group?member:Patient.family=Openshaw", "Consent?patient.family=Openshaw",
            "Procedure?location:below=house", "Location?partof.name=House", "Location?near=50.9|6.9|10|km", "Location?partof.near=50.9|6.9&_summary=count", "Encounter?location.near=50.9|6.9|10", "Encounter?part-of.location.near:missing=true", "Encounter?_has:Encounter:part-of:location.near:missing=false", "Observation?subject:Patient.age=ge18", "Observation?subject:Patient.birthOrderBoolean:missing=true&_summary=count", "Patient?age=ge18&_count=1", "Patient?age=gt18&age:missing=false", "Patient?_id:not=hidden-patient", "Patient?_id:not=open", "Observation?subject:Patient._id:not=open", "Observation?_id:not=hidden-pulse,open-linked&_count=2", "Patient?_has:Observation:patient:_id:not=hidden-pulse", "Observation?_id:missing=false&_summary=count", "Patient?_lastUpdated:missing=true", "Encounter?part-of:below=open-visit", "Encounter?part-of:above=hidden-visit",
        })
        {
            yield return query;
        }
    }

    private static IEnumerable<string> Has()
    {
        foreach (var condition in new[] { "code=8867-4", "value-quantity=gt62", "value-quantity=61", "date=2026-03-04", "_id=hidden-pulse", "_id=hidden-referring", "_id=hidden-by-label", "status=final", "_security=R", "has-member=open-pulse-1", "performer=Practitioner/doctor", "encounter=open-visit" })
        {
            yield return $"Patient?_has:Observation:patient:{condition}";
            yield return $"Patient?_has:Observation:subject:{condition}&_summary=count";
            yield return $"Practitioner?_has:Observation:performer:{condition}";
            yield return $"Encounter?_has:Observation:encounter:{condition}";
            yield return $"Observation?_has:Observation:has-member:{condition}";
        }

        foreach (var query in new[]
        {
            "Patient?_has:Condition:patient:code=38341003", "Patient?_has:Consent:patient:status=active", "Patient?_has:Appointment:actor:status=booked", "Patient?_has:Group:member:_id=hidden-group", "Patient?_has:Group:member:type=person",
            "Patient?_has:Patient:link:family=Openshaw", "Patient?_has:Provenance:target:recorded=ge2000", "Observation?_has:Provenance:target:agent=Practitioner/doctor", "Observation?_has:Provenance:target:_id=hidden-provenance",
            "Patient?_has:Observation:patient:_has:Provenance:target:recorded=ge2000", "Patient?_has:Encounter:patient:_has:Observation:encounter:code=8867-4", "Encounter?_has:Encounter:part-of:status=finished", "Practitioner?_has:Patient:general-practitioner:gender=female",
            "Practitioner?_has:Patient:general-practitioner:_has:Observation:patient:code=8867-4", "Encounter?patient._has:Group:member:_id=hidden-group", "Observation?patient._has:Condition:patient:code=38341003", "Observation?_has:List:item:title=Watched",
            "Patient?_has:Observation:patient:performer:Practitioner.family=Doctorow", "Patient?_id=open,partial,hidden-patient&_has:Observation:focus:status=final", "Observation?patient=partial&_has:Observation:has-member:_security=R",
            "Observation?patient=open&_has:Observation:has-member:status=final", "Observation?patient=hidden-patient&_has:List:item:_id=hidden-list",
        })
        {
            yield return query;
        }
    }

    private static IEnumerable<string> Includes()
    {
        // A hidden record among those named must not add its patient to those that the search is about.
        foreach (var hidden in new[] { "hidden-by-label", "hidden-pulse", "hidden-referring", "absent" })
        {
            yield return $"Observation?_id=open-linked,{hidden}&_include=Observation:patient&_include:iterate=Patient:general-practitioner&_revinclude:iterate=Patient:general-practitioner";
            yield return $"Observation?_id=open-linked,{hidden}&patient:Patient.general-practitioner:Practitioner._has:Patient:general-practitioner:gender=female";
            yield return $"Observation?_id=open-linked,{hidden}&_include=Observation:performer&_revinclude:iterate=Patient:general-practitioner";
            yield return $"Observation?_id=open-linked,{hidden}&performer:Practitioner._has:Patient:general-practitioner:birthdate=1951-02-03";
        }

        foreach (var start in new[] { "Observation?_id=open-linked", "Observation?patient=open", "Observation?patient=open,partial,hidden-patient", "Observation?_count=2", "Observation?code=8867-4&_sort=-date&_count=3" })
        {
            foreach (var include in new[]
            {
                "_include=Observation:subject", "_include=Observation:patient:Patient", "_include=Observation:has-member", "_include=Observation:focus", "_include=Observation:encounter", "_include=Observation:*", "_include=*",
                "_include:iterate=Observation:has-member", "_include=Observation:encounter&_include:iterate=Encounter:part-of", "_revinclude=Provenance:target", "_revinclude=Observation:has-member", "_revinclude=List:item",
                "_revinclude=*", "_revinclude:iterate=Observation:has-member&_include:iterate=*",
            })
            {
                yield return $"{start}&{include}";
            }
        }

        foreach (var query in new[]
        {
            "Patient?_id=open&_revinclude=Observation:patient", "Patient?_id=partial&_revinclude=Observation:subject", "Patient?_id=partial&_revinclude=Condition:patient", "Patient?_id=hidden-patient&_revinclude=Observation:patient",
            "Patient?_revinclude=Consent:patient", "Patient?_revinclude=Group:member", "Patient?_revinclude=Appointment:actor", "Patient?_include=Patient:link", "Patient?_include=Patient:general-practitioner&_revinclude=Encounter:patient",
            "Patient?_revinclude=*", "Practitioner?_revinclude=Observation:performer", "Practitioner?_revinclude=Patient:general-practitioner", "Practitioner?_revinclude:iterate=*", "Encounter?_include=Encounter:part-of", "Encounter?_revinclude=Encounter:part-of",
            "Encounter?_revinclude=Observation:encounter", "List?_include=List:item", "List?_include=List:item&_include:iterate=Observation:subject", "Appointment?_include=Appointment:actor", "Appointment?_include=Appointment:patient",
            "Provenance?_include=Provenance:target", "Provenance?_include=*", "Group?_include=Group:member", "Location?_include:iterate=Location:partof", "Location?_revinclude:iterate=Location:partof", "Observation?_summary=count&_include=*",
        })
        {
            yield return query;
        }
    }

    private static IEnumerable<string> Orders()
    {
        foreach (var key in new[] { "date", "-date", "value-quantity", "-value-quantity", "code", "subject", "-patient", "status", "_lastUpdated", "-_lastUpdated", "_id", "-_id", "has-member", "-performer", "_tag", "_profile", "encounter,-date", "combo-code", "focus", "code-value-quantity", "-combo-code-value-quantity", "-component-code-value-concept" })
        {
            yield return $"Observation?_sort={key}&_count=4";
        }

        foreach (var key in new[] { "family", "-family", "given", "birthdate", "-gender", "general-practitioner", "identifier", "link" })
        {
            yield return $"Patient?_sort={key}&_count=2";
        }

        foreach (var total in new[] { "none", "estimate", "accurate" })
        {
            yield return $"Observation?_total={total}&_count=3";
            yield return $"Patient?_total={total}&family=Openshaw";
            yield return $"Observation?_total={total}&patient=partial&_summary=count";
            yield return $"Observation?_total={total}&_count=0&_format=json&_pretty=true";
            yield return $"Observation?_total={total}&_count=3&_format=application/fhir%2Bxml";
        }
    }

    private static IEnumerable<string> Lists()
    {
        foreach (var list in new[] { "open-list", "hidden-list", "absent-list", "open-list,hidden-list" })
        {
            yield return $"Observation?_list={list}";
            yield return $"Observation?_list={list}&_summary=count";
            yield return $"Observation?patient=partial&_list={list}";
            yield return $"Patient?_list={list}";
        }

        yield return "Observation?_list=$current-problems";
    }

    private static IEnumerable<string> Filters()
    {
        foreach (var filter in new[]
        {
            "name co \"shaw\"", "family eq Openshaw", "family ne Openshaw", "family sw Open and gender eq female", "birthdate le 1980 or family eq Partridge", "not (family eq Openshaw)", "_id eq hidden-patient", "_id ne open",
            "link pr true", "link pr false", "general-practitioner.family eq Doctorow", "link:Patient.family eq Openshaw", "_has:Observation:patient:code eq 8867-4", "_has:Observation:patient:status eq final and not (_has:Condition:patient:code eq 38341003)",
            "not (_has:Observation:patient:value-quantity gt 62)", "general-practitioner[family eq Doctorow].identifier pr true", "link[family eq Openshaw].gender eq female", "not (link[family eq Openshaw].gender eq female)", "family lt p", "age ge 18 and family ge o", "_lastUpdated ge 2000 and (gender eq male or gender eq female)",
        })
        {
            yield return "Patient?_filter=" + Uri.EscapeDataString(filter);
        }

        foreach (var filter in new[]
        {
            "code eq http://loinc.org|8867-4", "subject.name co \"shaw\"", "subject:Patient.gender eq female", "not (subject:Patient.family eq Openshaw)", "value-quantity gt 62", "value-quantity lt 62 or value-quantity gt 63", "date po 2026-03", "date sa 2026-03-03",
            "has-member re Observation/hidden-pulse", "has-member.status eq final", "not (has-member.status eq final)", "has-member pr true", "focus:Patient.family eq Openshaw", "_security eq R", "not (_security eq R)", "encounter.part-of.status eq finished",
            "patient re Patient/hidden-patient", "patient ne Patient/open", "subject[gender eq female].name co \"shaw\"", "subject:Patient[family eq Openshaw and not (_has:Condition:patient:code eq 38341003)].gender eq female", "has-member[status eq final].subject[family eq Openshaw].gender pr true", "code-value-quantity[code eq loinc|8867-4].value gt 62", "code-value-quantity[not (code eq loinc|8867-4) or value lt 62].value pr true", "date co 2026-03-04", "focus[birthdate le 1980 or link[family eq Openshaw].gender pr true].family co a",
        })
        {
            yield return "Observation?_filter=" + Uri.EscapeDataString(filter);
            yield return "Observation?_count=1&_sort=-date&_filter=" + Uri.EscapeDataString(filter);
        }
    }

    private static IEnumerable<string> Places()
    {
        foreach (var query in new[] { "", "?_count=2", "?_summary=count", "?_type=Observation,Condition", "?_lastUpdated=ge2000&_sort=-_lastUpdated", "?_include=*", "?_revinclude=*&_count=1" })
        {
            foreach (var focus in new[] { "Patient/open", "Patient/partial", "Patient/hidden-patient", "Patient/absent", "Encounter/open-visit", "Encounter/hidden-visit", "Encounter/absent", "Practitioner/doctor", "Practitioner/absent", "Device/absent", "RelatedPerson/absent" })
            {
                yield return $"{focus}/*{query}";
            }
        }

        foreach (var focus in new[] { "Patient/open", "Patient/partial", "Patient/hidden-patient", "Encounter/open-visit", "Encounter/hidden-visit", "Practitioner/doctor" })
        {
            yield return $"{focus}/Observation";
            yield return $"{focus}/Observation?code=8867-4&_include=Observation:subject";
            yield return $"{focus}/Observation?has-member.status=final";
            yield return $"{focus}/Encounter?_sort=-date";
            yield return $"{focus}/Questionnaire";
        }

        foreach (var query in new[]
        {
            "?_type=Patient", "?_type=Patient,Observation", "?_type=Patient,Observation&_count=3", "?_type=Questionnaire,List,Group", "?_id=hidden-patient", "?_id=hidden-pulse", "?_id=open,hidden-patient,doctor", "?_lastUpdated=ge2000", "?_summary=count&_lastUpdated=ge2000",
            "?_security=R", "?_type=Observation,Condition&_security=R", "?_list=open-list", "?_type=Zebedee", "?_content=Openshaw", "?_sort=-_lastUpdated&_type=Observation,Appointment,Consent", "?_filter=_id%20eq%20hidden-pulse",
        })
        {
            yield return query;
        }
    }

    private static IEnumerable<string> Texts()
    {
        foreach (var query in new[]
        {
            "Patient?_content=Openshaw", "Patient?_content=Openshaw and not Zebedee", "Patient?_text=Openshaw", "Observation?_content=min", "Observation?code:text=heart", "Condition?code:text=x", "Patient?identifier:of-type=urn:x|MR|mrn-Openshaw",
            "Observation?_source=urn:x", "Observation?_tag=x", "Observation?_profile=http://x", "Observation?_profile:below=http://x", "Observation?subject:identifier=urn:mrn|mrn-Openshaw", "Observation?code:in=http://hl7.org/fhir/ValueSet/observation-vitalsignresult",
            "Observation?code:not-in=http://hl7.org/fhir/ValueSet/observation-vitalsignresult", "Observation?code:in=http://hl7.org/fhir/ValueSet/body-site", "Observation?status:below=http://hl7.org/fhir/observation-status|final",
            "Patient?_has:Observation:patient:code:in=http://hl7.org/fhir/ValueSet/observation-vitalsignresult", "Observation?code:below=http://snomed.info/sct|1",
            "Condition?clinical-status:below=active", "Observation?value-quantity=61|http://unitsofmeasure.org|/min", "Observation?value-quantity=3660|http://unitsofmeasure.org|/h", "Observation?_has:Observation:has-member:code:text=heart",
        })
        {
            yield return query;
        }
    }
}
