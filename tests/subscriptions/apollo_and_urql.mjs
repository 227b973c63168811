// Works with the clients that front ends are written with: node apollo_and_urql.mjs PACKAGE_JSON CLIENT WAY ADDRESS TOKEN STEPS
// A step is {query, variables} of a query or mutation, or {follow, variables, number} of a subscription. Prints a line of
// JSON for each answer, and for each error in the client's own words. $LAST in variables is the cursor that came last.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [packageJson, client, way, address, token, steps] = process.argv.slice(2);
const require = createRequire(packageJson);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { parse } = await load('graphql');
const authorization = token ? { authorization: `Bearer ${token}` } : {};
const url = `${address}/graphql`;
const say = (what) => console.log(JSON.stringify(what));

async function transport() {
  if (way === 'websocket') {
    const { createClient } = await load('graphql-ws');
    return createClient({ url: url.replace('http', 'ws'), connectionParams: authorization, retryAttempts: 0 });
  }
  const { createClient } = await load('graphql-sse');
  return createClient({ url: `${url}/stream`, headers: authorization, retryAttempts: 0 });
}

async function apollo(stream) {
  const { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable } = await load('@apollo/client/core');
  const { GraphQLWsLink } = await load('@apollo/client/link/subscriptions');
  const { print } = await load('graphql');
  // Apollo has no link for server-sent events: this is the one that the page of graphql-sse shows.
  const events = new ApolloLink(
    (asked) => new Observable((sink) => stream.subscribe({ ...asked, query: print(asked.query) }, {
      next: sink.next.bind(sink),
      complete: sink.complete.bind(sink),
      error: sink.error.bind(sink),
    })),
  );
  const following = way === 'websocket' ? new GraphQLWsLink(stream) : events;
  const asking = new HttpLink({ uri: url, headers: authorization });
  const made = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(({ operationType }) => operationType === 'subscription', following, asking),
    defaultOptions: { query: { errorPolicy: 'all', fetchPolicy: 'no-cache' }, mutate: { errorPolicy: 'all' } },
  });
  return {
    ask: async (query, variables) => {
      const isMutation = parse(query).definitions[0].operation === 'mutation';
      const document = parse(query);
      return isMutation ? made.mutate({ mutation: document, variables }) : made.query({ query: document, variables });
    },
    follow: (query, variables, sink) => {
      const following = made.subscribe({ query: parse(query), variables }).subscribe(sink);
      return () => following.unsubscribe();
    },
  };
}

async function urql(stream) {
  const { Client, fetchExchange, subscriptionExchange } = await load('@urql/core');
  const exchange = subscriptionExchange({
    forwardSubscription: (request) => ({
      subscribe: (sink) => ({ unsubscribe: stream.subscribe({ ...request, query: request.query ?? '' }, sink) }),
    }),
  });
  const made = new Client({ url, exchanges: [fetchExchange, exchange], fetchOptions: { headers: authorization }, preferGetMethod: false });
  return {
    ask: (query, variables) =>
      (parse(query).definitions[0].operation === 'mutation' ? made.mutation(query, variables) : made.query(query, variables)).toPromise(),
    follow: (query, variables, sink) => {
      const following = made.subscription(query, variables).subscribe((answer) => (answer.error ? sink.error(answer.error) : sink.next(answer)));
      return () => following.unsubscribe();
    },
  };
}

function told(error) {
  const from = error.networkError ?? error.cause ?? error;
  const errors = error.graphQLErrors?.length ? error.graphQLErrors : error.errors;
  if (errors?.length) return { errors: errors.map(({ message, extensions }) => ({ message, code: extensions?.code })) };
  return { close: from.code, message: from.message ?? from.reason };
}

const stream = await transport();
const made = await (client === 'apollo' ? apollo : urql)(stream);
let last = null;
for (const { query, follow, variables: given, number } of JSON.parse(steps)) {
  const variables = JSON.parse(JSON.stringify(given ?? {}).replace('$LAST', last));
  if (query) {
    const { data, error } = await made.ask(query, variables);
    say(error ? told(error) : { data });
    continue;
  }
  await new Promise((resolve) => {
    let left = number;
    const stop = made.follow(follow, variables, {
      next: ({ data, error }) => {
        if (left <= 0) return;
        say(error ? told(error) : { data });
        last = data?.contentPublished?.cursor;
        left -= 1;
        if (left > 0 && !error) return;
        left = 0;
        // Not from within the answer: some clients have not handed out yet what to stop by.
        setTimeout(() => { stop(); resolve(); });
      },
      error: (error) => { left = 0; say(told(error)); resolve(); },
      complete: () => resolve(),
    });
  });
}
stream.dispose();
process.exit(0);
