// The settings of every process. A YAML file named by RAPID_CONFIG; each key can be overridden by an environment variable of the same
// path in capitals: `redis.url` is RAPID_REDIS_URL, `listen` is RAPID_LISTEN. Lists and objects are written there as JSON.
import Type, { type Static } from 'typebox';
import { NodeName, Uuid } from './names.js';

const section = <P extends Parameters<typeof Type.Object>[0]>(properties: P, description: string) =>
  Type.Object(properties, { default: {}, additionalProperties: false, description });

const Token = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^(?!(watcher|anonymous)$)',
      description: 'who it is; stands in the jobs that are submitted with it. `watcher` and `anonymous` are who they always are',
    }),
    access: Type.Enum(['read', 'write'], { description: '`read`: GET only; `write`: everything' }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: "the token's SHA-256 in hexadecimal: `printf %s TOKEN | sha256sum`" }),
  },
  { additionalProperties: false },
);

const SimulatedNode = Type.Object(
  {
    name: NodeName,
    cpu_count: Type.Integer({ minimum: 1, default: 8, description: 'logical CPUs' }),
    memory: Type.Integer({ minimum: 1, default: 32_768, description: 'MiB' }),
  },
  { additionalProperties: false },
);

export const Config = Type.Object(
  {
    listen: Type.String({
      default: '127.0.0.1:5080',
      pattern: '^(\\[[0-9A-Fa-f:.]+\\]|[^:\\s]+):[0-9]{1,5}$',
      description: '`host:port` of the API; port 0 takes a free one. An address that is not loopback needs at least one token',
    }),
    state_dir: Type.String({ default: '.rapid', minLength: 1, description: 'folder for what this machine keeps itself' }),
    log_level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      default: 'warn',
      description: 'what is logged, to standard error',
    }),
    redis: section(
      {
        url: Type.String({
          default: '',
          description:
            '`redis://user:password@host:port/db`, `redis+sentinel://host:port,host:port/name/db` or `redis+cluster://host:port,host:port`, with ' +
            '`rediss` for TLS; empty: an own redis-server is started in the state folder',
        }),
        ca: Type.String({ default: '', description: 'path of the certificates that Redis is known by, with TLS; empty: those of Node.js' }),
        replicas: Type.Integer({
          default: 0,
          minimum: 0,
          maximum: 10,
          description: 'how many replicas must have a job before its number is answered, and what a worker has written before it goes on',
        }),
        prefix: Type.String({
          default: '{rapid}',
          minLength: 1,
          description: 'begins every key; the braces keep all keys in one slot of a Redis Cluster',
        }),
      },
      'the job queue',
    ),
    cluster: section(
      {
        store: Type.Enum(['memory', 'zookeeper'], { default: 'memory', description: '`memory`: one process, kept in the state folder' }),
        zookeeper: Type.String({
          default: '127.0.0.1:2181',
          description: '`host:port,host:port` of the ensemble; an IPv6 address in brackets',
        }),
        zookeeper_user: Type.String({
          default: '',
          pattern: '^[^:\\s]*$',
          description:
            "who the processes are to ZooKeeper (digest); everything is made for this user alone. Empty: nobody, and it is everybody's",
        }),
        zookeeper_password: Type.String({ default: '', description: "that user's password" }),
        zookeeper_password_file: Type.String({
          default: '',
          description: "the file that holds that user's password, in place of `zookeeper_password`",
        }),
        root: Type.String({ default: '/rapid', pattern: '^(/[A-Za-z0-9._-]+)+$', description: 'the node under which everything is kept' }),
        session_timeout_ms: Type.Integer({
          default: 5000,
          minimum: 1000,
          maximum: 60_000,
          description: 'after which a silent agent loses its locks and its node counts as dead',
        }),
        stale_reads_s: Type.Integer({
          default: 120,
          minimum: 0,
          description: 'seconds for which reads are answered (with `Warning` and `Age`) while the store is away; then 503',
        }),
      },
      'the cluster state',
    ),
    auth: section(
      { tokens: Type.Array(Token, { default: [], description: 'the static API tokens; none: no authentication' }) },
      'who may use the API',
    ),
    jobs: section(
      {
        keep_s: Type.Integer({ default: 1_814_400, minimum: 60, description: 'seconds that an ended job is kept (21 days)' }),
        keep_count: Type.Integer({ default: 50_000, minimum: 100, description: 'how many ended jobs are kept' }),
        idempotency_s: Type.Integer({ default: 86_400, minimum: 1, description: 'seconds that an Idempotency-Key is remembered' }),
        take_up_limit: Type.Integer({
          default: 5,
          minimum: 1,
          description: 'workers that may die at one step before the job ends in error',
        }),
        unknown_opcode_s: Type.Integer({
          default: 60,
          minimum: 1,
          description:
            "seconds that a worker is waited for that knows a job's opcode, when no living one does, before the job ends in error",
        }),
      },
      'what becomes of jobs',
    ),
    worker: section(
      {
        name: Type.String({ default: '', description: "the worker's name in logs and locks; empty: host name and process ID" }),
        open_jobs: Type.Integer({
          default: 200,
          minimum: 1,
          maximum: 10_000,
          description: 'jobs that this worker runs at a time; those that wait for locks take no place; as many children of jobs besides',
        }),
        opcodes_per_node: Type.Integer({ default: 8, minimum: 1, description: 'opcodes that run at a time on one node, over all workers' }),
        selector: Type.Enum(['mem', 'vcpus', 'load', 'vms'], {
          default: 'mem',
          description: 'by what a node is chosen when the request does not say',
        }),
        node_call_timeout_s: Type.Integer({
          default: 30,
          minimum: 5,
          maximum: 600,
          description: "seconds that a node's agent may take to begin what it is asked, and that it may then give no sign of life",
        }),
        domain_type: Type.Enum(['kvm', 'qemu'], {
          default: 'kvm',
          description: "libvirt's type of the VMs that are created: `kvm`, or `qemu` for nodes whose processors can only be emulated",
        }),
        migration_bandwidth: Type.Integer({ default: 0, minimum: 0, description: 'MiB/s that one migration may use; 0: all it gets' }),
      },
      'running jobs',
    ),
    agent: section(
      {
        node: Type.String({ default: '', description: "this node's name; empty: the host name" }),
        libvirt_uri: Type.String({ default: 'qemu:///system', description: 'how the agent reaches libvirt' }),
        remote_uri: Type.String({ default: '', description: 'how workers elsewhere reach it; empty: `qemu+tcp://<node>/system`' }),
        interval_ms: Type.Integer({
          default: 2000,
          minimum: 200,
          maximum: 5000,
          description: 'between two looks at the node and its domains',
        }),
        coordinator: Type.Boolean({ default: true, description: 'whether the node may become the primary' }),
      },
      'the agent of one node',
    ),
    ceph: section(
      {
        conf: Type.String({ default: '/etc/ceph/ceph.conf', minLength: 1, description: "path of Ceph's configuration file" }),
        keyring: Type.String({ default: '', description: "path of the user's keyring; empty: where the configuration file says" }),
        user: Type.String({ default: 'client.admin', pattern: '^client\\.[^\\s]+$', description: 'in whose name commands are run' }),
        monitors: Type.String({
          default: '',
          description:
            "the monitors as guests reach them, `host` or `host:port` with commas between; empty: the configuration file's `mon_host`",
        }),
        guest_user: Type.String({
          default: '',
          pattern: '^(client\\.[^\\s]+)?$',
          description: 'in whose name guests open their volumes; empty: the user above',
        }),
        guest_keyring: Type.String({
          default: '',
          description: "path of that user's keyring on each node; empty: the keyring above, or `/etc/ceph/ceph.<user>.keyring`",
        }),
        secret_uuid: Type.String({
          ...Uuid,
          default: '8f0bd1a4-6f2c-4b53-9d5a-2f6a1c3e7b90',
          description: "the UUID of the libvirt secret that holds that user's key on each node; the agents define it",
        }),
        command_timeout_s: Type.Integer({
          default: 60,
          minimum: 1,
          maximum: 250,
          description: 'seconds that a command may take that does one small thing, and that an OSD may take to come up or to end',
        }),
        silence_timeout_s: Type.Integer({
          default: 600,
          minimum: 10,
          description: 'seconds that a command that moves data (a copy, a rollback, making an OSD) may go on without a sign of progress',
        }),
        osd_backend: Type.Enum(['lvm', 'raw'], {
          default: 'lvm',
          description:
            'how OSDs lie on devices: `lvm`: as `ceph-volume lvm` makes them; `raw`: on the bare device, for machines without LVM',
        }),
        osd_daemons: Type.Enum(['systemd', 'direct'], {
          default: 'systemd',
          description: 'how OSDs are started: `systemd`: the units `ceph-osd@`; `direct`: as processes, on machines without systemd',
        }),
        osd_data: Type.String({
          default: '/var/lib/ceph/osd',
          minLength: 1,
          description: "the folder of the OSDs' folders; with `lvm` or `systemd` it must be the default one",
        }),
      },
      'the Ceph cluster, and the OSDs of this node',
    ),
    simulated: section(
      {
        nodes: Type.Array(SimulatedNode, {
          default: [{ name: 'hv1' }, { name: 'hv2' }, { name: 'hv3' }],
          description: 'the nodes of the simulated cluster; used when the store is `memory`',
        }),
      },
      'the simulated cluster',
    ),
  },
  { additionalProperties: false, description: 'the settings of rapid' },
);
export type Config = Static<typeof Config>;
