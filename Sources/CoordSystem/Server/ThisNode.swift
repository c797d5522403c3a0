internal import CoordCore

/// How others may find the machine that this job runs on. Asked once, before `started` is taken: nothing of it changes.
struct ThisNode {
  let names: [String]
  let addresses: [String]

  /// Takes 8 s at most, where neither the scheduler nor the name servers answer.
  init(project: Project, machine: Machine) {
    guard project.settings.scheduler == .slurm else {
      (names, addresses) = (["localhost"], [])
      return
    }
    let environment = Slurm.scrubbed(machine.environment).merging(["LC_ALL": "C"]) { $1 }
    let nodeName = machine.environment["SLURMD_NODENAME"].flatMap { $0.isHostName ? $0 : nil }
    let folder = (try? Slurm.folder(project.settings, machine.environment)) ?? ""
    let said = nodeName.map {
      ChildProcess([folder + "scontrol", "--oneliner", "show", "node", $0], environment: environment).run(
        deadline: .seconds(3)
      )
      .output
    }
    let address = said.flatMap { NodeNames.address(scontrol: $0) }
    let names = NodeNames.candidates(
      setting: project.settings.nodeName, nodeName: nodeName, hostName: machine.author.host, address: address)
    let known = NameLookup(names, within: .seconds(5), machine.environment).found
    let found = NodeNames.addresses(names.flatMap { known[$0] ?? [] } + [address].compactMap { $0 })
    // Of a node that not even itself knows by name, the addresses of its interfaces are all there is.
    self.addresses = found.isEmpty ? NodeNames.addresses(Network.ownAddresses()) : found
    self.names = names
  }

  /// What server_info.txt calls it.
  var name: String? { names.first ?? addresses.first }

  /// Why a server here could not be found.
  static func nameless(host: String) -> CoordError {
    .configuration(
      what: "the compute node has no name that others could use",
      why: "its host name is \(host), and it has no address",
      next: "set NODE_NAME in hpc_utils/coord.conf to how login nodes call it")
  }
}
