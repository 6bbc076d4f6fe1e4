import Foundation
import Kernels
import TestSupport
import Testing

#if arch(x86_64)
  extension EndToEnd {
    /// Ranks whose matrix products are computed by different engines or different kernels, and variables that choose these.
    @Suite(.serialized) struct KernelChoiceTests {
      /// Both run wherever this program does, and compute different bits.
      private static let (one, other) = ("Haswell", "Sandybridge")

      /// Two ranks, each with one of the settings of the kernels.
      private func run(
        _ line: String, _ settings: [String] = [one, other].map { "OPENBLAS_CORETYPE=\($0)" },
        in sandbox: Sandbox
      ) throws -> Command.Outcome {
        let program = try [Products.executable("gpt1-dist")] + words(line)
        let sides = settings.map { ["-n", "1", "-x", $0] + program }
        var command = Command.mpirun(1, [], scratch: sandbox.folder)
        command.arguments = ["mpirun"] + sides[0] + [":"] + sides[1]
        command.folder = sandbox.folder
        return try command.run()
      }

      @Test func differentKernelsAreRefusedWhereTheSameBitsArePromisedAndElseReported() throws {
        try Sandbox.with { sandbox in
          let host = ProcessInfo.processInfo.hostName
          let parts = [
            "the ranks compute matrix products with different kernels, whose last bits differ:\n"
              + "  rank 0 on \(host): OpenBLAS ",
            " with kernels for Haswell (products ", "\n  rank 1 on \(host): OpenBLAS ",
            " with kernels for Sandybridge (products ",
            "\nSet OPENBLAS_CORETYPE=Sandybridge on all nodes: mpirun -x OPENBLAS_CORETYPE=Sandybridge",
          ]
          let refused = try run(
            "\(Sandbox.pretrain) --engine openblas --reduce ordered --batch 4 --micro-batch 2 --out ordered",
            in: sandbox)
          #expect(refused.status == 2 && refused.sentences.count == 1, "\(refused.errors)")
          for part in parts + ["--reduce ordered guarantees"] {
            #expect(refused.errors.contains(part), "\(part) not in \(refused.errors)")
          }
          #expect(!sandbox.exists("ordered"))

          let reported = try run(
            "\(Sandbox.pretrain) --engine openblas --steps 4 --out run", in: sandbox)
          #expect(reported.status == 0, "\(reported.errors)")
          #expect(reported.errors.components(separatedBy: "warning: " + parts[0]).count == 2)
          for part in parts { #expect(reported.errors.contains(part), "\(reported.errors)") }
          #expect(try sandbox.losses(of: "run").count == 4)

          let doctor = try run(
            "doctor --preset debug --engine openblas --reduce ordered", in: sandbox)
          #expect(doctor.status == 1, "\(doctor.output)")
          #expect(
            doctor.output.contains(
              "\nproblem  products   the ranks compute different bits for the same products"))
          #expect(
            doctor.output.contains("\nwarning  kernels    \(host): a matrix product by OpenBLAS"))
          #expect(doctor.output.contains("(OPENBLAS_CORETYPE=Sandybridge) takes "))
        }
      }

      /// oneDNN's code follows the instructions that it may use, and the automatic choice of the engine does too.
      @Test(
        arguments: [
          (
            "--engine onednn", ["AVX2", "SSE41"], ["oneDNN ", " with SSE41"],
            "set ONEDNN_MAX_CPU_ISA"
          ),
          (
            "", ["DEFAULT", "AVX2"], ["oneDNN ", "OpenBLAS "], "Use --engine openblas on all ranks"
          ),
        ].filter { ProductEngine.automatic(for: .fp32) == .onednn || !$0.0.isEmpty })
      func ranksWithOtherInstructionsAreRefused(
        flag: String, instructions: [String], parts: [String], remedy: String
      ) throws {
        try Sandbox.with { sandbox in
          let settings = instructions.map { "ONEDNN_MAX_CPU_ISA=\($0)" }
          let line =
            "\(Sandbox.pretrain) \(flag) --reduce ordered --batch 4 --micro-batch 2 --out run"
          let refused = try run(line, settings, in: sandbox)
          #expect(refused.status == 2 && refused.sentences.count == 1, "\(refused.errors)")
          for part in parts + [remedy] {
            #expect(refused.errors.contains(part), "\(part) not in \(refused.errors)")
          }
          #expect(!sandbox.exists("run"))
        }
      }

      @Test(arguments: [
        "\(Sandbox.pretrain) --out run", "\(Sandbox.pretrain) --out run --dry-run",
        "bench --preset debug", "doctor --preset debug",
      ])
      func openBLASIsRefusedInBF16(_ line: String) throws {
        try Sandbox.with { sandbox in
          try sandbox.expectRefusal(
            "\(line) --engine openblas --precision bf16", status: 2,
            "engine openblas computes no products in bf16: leave out the engine, or choose precision fp32"
          )
          #expect(!sandbox.exists("run"))
        }
      }

      @Test func aRunThatGoesOnWithOtherKernelsIsTold() throws {
        try Sandbox.with { sandbox in
          func train(_ steps: Int, _ kernels: String) throws -> String {
            let program = try Products.executable("gpt1-dist")
            let command = Command(
              [program] + words("\(Sandbox.pretrain) --engine openblas --steps \(steps) --out run"),
              environment: ["OPENBLAS_CORETYPE": kernels], folder: sandbox.folder)
            let outcome = try command.run()
            #expect(outcome.status == 0, "\(outcome.errors)")
            return outcome.errors
          }
          #expect(!(try train(5, Self.one)).contains("warning"))
          #expect(!(try train(6, Self.one)).contains("warning"))
          let told = try train(7, Self.other)
          for part in [
            "warning: the matrix products of this run were computed by OpenBLAS ",
            "kernels for Haswell", "from here on by OpenBLAS ", "kernels for Sandybridge",
            "set OPENBLAS_CORETYPE=Haswell on all nodes",
          ] { #expect(told.contains(part), "\(told)") }
          #expect(!(try train(8, Self.other)).contains("warning"))
        }
      }

      /// By ssh's own setting in the testbed, and by launch.sh over an ssh that sends nothing.
      @Test(
        .enabled(
          if: VirtualNodes.plain.obstacle == nil, "\(VirtualNodes.plain.obstacle ?? "available")"))
      func variablesThatChooseKernelsReachAllNodes() throws {
        try Sandbox.with { sandbox in
          try sandbox.write(
            "#!/bin/sh\necho $1 $(hostname) $OPENBLAS_CORETYPE $ONEDNN_MAX_CPU_ISA $OWN\n",
            to: "tell")
          let script = """
            tell="sh $SANDBOX/tell"; options="-n 2 --hostfile $TESTBED_HOSTFILE"
            mpirun $options $tell mpirun
            sed /SendEnv/d $TESTBED_SSH_CONFIG >$SANDBOX/plain
            export OMPI_MCA_plm_rsh_agent="ssh -F $SANDBOX/plain"
            cluster/launch.sh $options $tell launch
            OMPI_MCA_mca_base_env_list=OWN=2 cluster/launch.sh $options $tell list
            cluster/launch.sh $options -x OWN=1 $tell x
            """
          let outcome = try VirtualNodes.plain.run(
            [script],
            environment: ["OPENBLAS_CORETYPE": "Haswell", "ONEDNN_MAX_CPU_ISA": "AVX2"],
            in: sandbox)
          #expect(outcome.status == 0, "\(outcome.errors)")
          let expected = [("mpirun", ""), ("launch", ""), ("list", " 2"), ("x", " 1")].flatMap {
            name, own in
            (1...2).map { "\(name) node\($0) Haswell AVX2\(own)" }
          }
          let found = outcome.output.split(separator: "\n").map(String.init)
          #expect(found.sorted() == expected.sorted(), "\(outcome.errors)")
        }
      }
    }
  }
#endif
