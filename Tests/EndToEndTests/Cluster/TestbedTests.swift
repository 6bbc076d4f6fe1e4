import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Ranks on several nodes that one machine plays.
  @Suite(
    .serialized,
    .enabled(
      if: VirtualNodes.plain.obstacle == nil, "\(VirtualNodes.plain.obstacle ?? "available")"))
  struct TestbedTests {
    @Test func twoNodesTrainTheBitsOfTwoLocalRanks() throws {
      try Sandbox.with { sandbox in
        let before = VirtualNodes.traces()
        try sandbox.succeed("\(Sandbox.pretrain) --out local", ranks: 2)
        // 20 updates of two ranks: with two summands there is one order of summation, whatever carries them.
        let program = try Products.executable("gpt1-dist")
        let outcome = try VirtualNodes.plain.run(
          words("mpirun -n 2 --hostfile {hostfile} \(program) \(Sandbox.pretrain) --out two"),
          options: ["--counters", "counters.json"], in: sandbox)
        try #require(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("2 ranks on 2 nodes, 1 thread each"))
        let losses = try sandbox.losses(of: "local")
        #expect(losses.count == 20)
        #expect(try sandbox.losses(of: "two") == losses)
        let weights = "\(sandbox.checkpoint(20, of: "two"))/model.safetensors"
        let local = "\(sandbox.checkpoint(20, of: "local"))/model.safetensors"
        #expect(try sandbox.read(weights) == sandbox.read(local))

        let counters = try sandbox.json(Counters.self, in: "counters.json")
        #expect(counters.nodes.map(\.name) == ["node1", "node2"])
        // An all-reduce of two ranks sends the gradient once each way, and it is as large as the weights.
        let gradient = try sandbox.read(weights).count
        for node in counters.nodes { #expect(node.bytesSent > 20 * gradient * 9 / 10) }
        #expect(VirtualNodes.traces() == before)
      }
    }

    /// mpirun takes every node for the whole machine, and would bind the first rank of each to the same processor.
    @Test(.enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1, "there is one CPU"))
    func ranksOfTwoNodesDoNotShareAProcessor() throws {
      try Sandbox.with { sandbox in
        let outcome = try VirtualNodes.plain.run(
          words("mpirun -n 2 --hostfile {hostfile} grep Cpus_allowed_list /proc/self/status"),
          in: sandbox)
        let lists = outcome.output.split(separator: "\n")
        #expect(lists.count == 2 && Set(lists).count == 2, "\(outcome.output)\(outcome.errors)")
      }
    }

    private struct Counters: Decodable {
      struct Node: Decodable {
        let name: String
        let bytesSent: Int
      }
      let nodes: [Node]
    }

    /// Whatever ends it, nothing is left, and every node's processes are gone.
    @Test(arguments: [(SIGTERM, 143), (SIGINT, 130), (SIGKILL, 137)] as [(Int32, Int32)])
    func aSignalTakesEverythingDown(signal: Int32, status: Int32) throws {
      try Sandbox.with { sandbox in
        let before = VirtualNodes.traces()
        let script = """
          ssh -F $TESTBED_SSH_CONFIG node2 sleep 1000 & readlink /proc/self/ns/pid
          echo started; exec sleep 1000
          """
        let outcome = try VirtualNodes.plain.run([script], in: sandbox) { process, output in
          while !output().contains("started"), !Command.ends(process, within: 0.02) {}
          kill(process, signal)
        }
        #expect(!outcome.timedOut, "\(outcome.errors)")
        #expect(outcome.status == status, "\(outcome.errors)")
        #expect(outcome.leftBehind == [])
        #expect(try VirtualNodes.processes(of: outcome.output) == [])
        #expect(VirtualNodes.traces() == before)
      }
    }

    @Test func theStatusOfTheCommandIsPassedOnAndNodesDoNotShareNames() throws {
      try Sandbox.with { sandbox in
        let outcome = try VirtualNodes.plain.run(
          ["hostname; ssh -F $TESTBED_SSH_CONFIG node3 hostname; exit 7"],
          options: ["--nodes", "3", "--ranks-per-node", "2", "--rate", "100mbit"], in: sandbox)
        #expect(outcome.status == 7, "\(outcome.errors)")
        #expect(outcome.output == "node1\nnode3\n")
      }
    }

    @Test(arguments: [
      ["--rate", "fast", "--", "true"], ["--nodes", "0", "--", "true"], ["--nodes"], [],
      ["--nodes", "2"], ["true"], ["--ranks-per-node", "two", "--", "true"],
    ])
    func aFaultyUseIsRefusedInOneSentence(arguments: [String]) throws {
      let outcome = try Command(["\(Repository.path)/cluster/testbed"] + arguments).run()
      #expect(outcome.status == 2)
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }
  }
}
