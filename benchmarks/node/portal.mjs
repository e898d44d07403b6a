// The graph of portal.graphql over the recorded answers, as an application writes it; they are fetched, or kept in memory.
import { readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import { Pool } from 'undici';

export const PORT = Number(process.env.PORT);
const pool = new Pool(process.env.UPSTREAM, { connections: 200, pipelining: 1 });

async function fetched(path) {
  const { body } = await pool.request({ path, method: 'GET' });
  return body.json();
}

const memory = new Map();
if (process.env.KEPT) {
  for (const path of JSON.parse(process.env.KEPT)) memory.set(path, await fetched(path));
}
const get = process.env.KEPT ? async (path) => memory.get(path) : fetched;

export const typeDefs = readFileSync(new URL('portal.graphql', import.meta.url), 'utf8');
export const resolvers = {
  Query: {
    viewer: () => get('/viewer'),
    services: (_, { first }) => get(`/services?first=${first}`),
    sources: () => get('/sources'),
  },
  Citizen: {
    applications: (citizen, { first }) => get(`/applications?citizen=${citizen.id}&first=${first}`),
    certificates: (citizen) => get(`/certificates?citizen=${citizen.id}`),
    benefits: (citizen) => get(`/benefits?citizen=${citizen.id}`),
    rationCard: (citizen) => get(`/ration-card?citizen=${citizen.id}`),
    linkedAccounts: (citizen) => get(`/linked-accounts?citizen=${citizen.id}`),
  },
  Application: { service: (application, _, context) => context.services.load(application.serviceCode) },
};
export const context = () => ({
  services: new DataLoader((codes) => Promise.all(codes.map((code) => get(`/services/${code}`)))),
});
