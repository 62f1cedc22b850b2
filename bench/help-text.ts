/** What `--help` prints. */

/** The text. */
export const helpText = `Usage: npm run bench -- [scenarios] [options]
       npm run bench -- --compare before.json after.json [--html FILE]

Starts a server, lets logged-in users work on it, and measures. Every message is checked. A table goes to
standard output, progress to standard error. Exit codes: 0 all right; 1 a message was lost, doubled, out of
order or foreign, or a round failed; 2 wrong options; 3 the figures are refused: the generator was the bottleneck.

Scenarios (by name, or --scenario a,b; default: all but growth and offline)
  throughput   messages per second with a fixed number in flight per sender (sent and not yet arrived)
  latency      time to delivery at a fixed rate, from the moment when each message was to be sent
  logins       logins per second, by password and by token
  idle         memory of the server per idle connection
  broadcast    deliveries per second from one user to many
  connect      a storm of clients that log in by token: logins per second, memory per connection
  mixed        a day in short: many quiet users, some busy ones, some away, and all come and go
  growth       server CPU per message at one rate with 100, 1,000 and 10,000 connections
  offline      messages for receivers who are away: stored per second, fetched per second; and what it costs in time
               that a receiver who is there acknowledges

Options
  --pairs N            senders, each with its own receiver (50)
  --size N             characters of a text (128)
  --window N[,N]       throughput: messages in flight per sender, each a case (64,1)
  --rate N             latency, mixed, growth: messages per second in all (5000; mixed 2000)
  --idle N             idle: connections (2000)
  --logins N           logins: clients that log in at the same time (32)
  --receivers N        broadcast: receivers (500)
  --broadcasts N       broadcast: broadcasts on their way at a time (8)
  --clients N          connect: clients (2000)
  --at-once N          connect: clients that connect at the same time (100)
  --users N            mixed: users (1000)
  --connections N[,N]  growth: connections, each a case (100,1000,10000)
  --stored N           offline: messages that are stored and then fetched (100000)
  --seconds N          time measured per case and round (3)
  --warmup N           time before that (1)
  --rounds N           rounds, in which the servers take turns; the table shows medians (3)
  --from WHICH         set: senders name themselves in FromUserId; absent: the server does (set)
  --callback           senders ask for an answer to every message
  --generators N       processes that make the load (1 for up to 4 cores)
  --servers A,B        who takes turns: parley, and floor, the least that Node can do (floor,parley)
  --security LEVEL     plain; sealed: sealed sessions, beside plain ones (--servers plain,parley);
                       signed: messages signed with PS256 by keys of users, in plain sessions; hs256: messages
                       signed by their sealed session. Signed ones are throughput only, beside their check alone (plain)
  --messages N         signed, hs256: messages that are signed before each round (40000; hs256 400000)
  --codec NAME         json, the only codec of this version
  --cpu-prof DIR       servers leave a CPU profile of each thread there
  --help               this text

Results
  --json               one JSON document instead of the table
  --out FILE           the JSON document as a file as well
  --html FILE          one page with plots, which needs nothing from outside
  --compare A B …      no run: compares result files, the first with each of the others

One setting, many values
  --sweep NAME=VALUES  the same work once with each value, as PARLEY_POOL_MAX_THREADS=1..8 or =1,2,4;
                       scenarios then are throughput and logins unless named, without the floor

A server that runs already (on this machine only)
  --url parley://HOST:PORT   measure it instead of one of our own
  --data-dir DIR             its data directory: makes users for the run and removes them again, and asks it how it is
  --user-prefix TEXT         or users that exist: TEXT00000, TEXT00001, … and TEXToperator (bench-)
  --password-file FILE       the password that they share
  --pid N                    its process, for CPU and memory
  --print-accounts N         only print N such users as JSON lines for "parley user import -"; needs --password-file

Examples
  npm run bench -- --scenario throughput --window 64 --rounds 1
  npm run bench -- --scenario latency,mixed --html result.html --out result.json
  npm run bench -- --sweep PARLEY_POOL_MAX_THREADS=1..4 --scenario logins
  npm run bench -- --print-accounts 200 --password-file pw | npx parley user import -
  npm run bench -- --url parley://127.0.0.1:7700 --password-file pw --json > result.json
`
