import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { PORT, context, resolvers, typeDefs } from './portal.mjs';

const server = new ApolloServer({ typeDefs, resolvers, csrfPrevention: false });
await startStandaloneServer(server, { listen: { port: PORT, host: '127.0.0.1' }, context: async () => context() });
