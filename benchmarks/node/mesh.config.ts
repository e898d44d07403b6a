import { defineConfig } from '@graphql-mesh/compose-cli';
import { loadJSONSchemaSubgraph } from '@omnigraph/json-schema';

const text = { type: 'string' };
const list = (items: object) => ({ type: 'array', items });
const record = (title: string, properties: Record<string, object>) => ({ type: 'object', title, properties });

const Deadline = record('Deadline', { dueAt: text, workingDaysLeft: { type: 'integer' } });
const Department = record('Department', { name: text });
const Service = record('Service', { code: text, name: text, department: Department });
const Services = record('Services', { totalCount: { type: 'integer' }, nodes: list(Service) });
const Application = record('Application', { number: text, status: text, deadline: Deadline, serviceCode: text });
const Applications = record('Applications', { nodes: list(Application) });
const Provenance = record('Provenance', { source: text, state: text, asOf: text });
const Certificate = record('Certificate', { uri: text, name: text, issuer: text });
const whole = { complete: { type: 'boolean' }, provenance: list(Provenance) };
const Certificates = record('Certificates', { nodes: list(Certificate), ...whole });
const Scheme = record('Scheme', { name: text });
const Benefit = record('Benefit', { scheme: Scheme, amount: { type: 'integer' }, status: text });
const Benefits = record('Benefits', { nodes: list(Benefit), ...whole });
const Member = record('Member', { name: text });
const RationCard = record('RationCard', { scheme: text, members: list(Member), provenance: list(Provenance) });
const LinkedAccount = record('LinkedAccount', { provider: text, linkedAt: text });
const Source = record('Source', { name: text, state: text });
const Citizen = record('Citizen', { id: text, name: text });

const read = (field: string, path: string, responseSchema: object, argTypeMap: Record<string, string> = {}) =>
  ({ type: 'Query', field, path, method: 'GET', responseSchema, argTypeMap: Object.fromEntries(Object.entries(argTypeMap).map(([name, type]) => [name, { type }])) });
const of = (field: string, args: string) =>
  `@resolveTo(sourceName: "Portal", sourceTypeName: "Query", sourceFieldName: "${field}", requiredSelectionSet: "{ id }", sourceArgs: { ${args} })`;
const her = 'citizen: "{root.id}"';

export const composeConfig = defineConfig({
  subgraphs: [{
    sourceHandler: loadJSONSchemaSubgraph('Portal', {
      endpoint: process.env.UPSTREAM!,
      operations: [
        read('viewer', '/viewer', Citizen),
        read('services', '/services?first={args.first}', Services, { first: 'integer' }),
        read('sources', '/sources', list(Source)),
        read('service', '/services/{args.code}', Service),
        read('applicationsOf', '/applications?citizen={args.citizen}&first={args.first}', Applications, { first: 'integer', citizen: 'string' }),
        read('certificatesOf', '/certificates?citizen={args.citizen}', Certificates),
        read('benefitsOf', '/benefits?citizen={args.citizen}', Benefits),
        read('rationCardOf', '/ration-card?citizen={args.citizen}', RationCard),
        read('linkedAccountsOf', '/linked-accounts?citizen={args.citizen}', list(LinkedAccount)),
      ] as any,
    }),
  }],
  additionalTypeDefs: /* GraphQL */ `
    extend type Citizen {
      applications(first: Int!): Applications ${of('applicationsOf', `${her}, first: "{args.first}"`)}
      certificates: Certificates ${of('certificatesOf', her)}
      benefits: Benefits ${of('benefitsOf', her)}
      rationCard: RationCard ${of('rationCardOf', her)}
      linkedAccounts: [LinkedAccount] ${of('linkedAccountsOf', her)}
    }
    extend type Application {
      service: Service @resolveTo(sourceName: "Portal", sourceTypeName: "Query", sourceFieldName: "service",
        requiredSelectionSet: "{ serviceCode }", sourceArgs: { code: "{root.serviceCode}" })
    }
  `,
});
