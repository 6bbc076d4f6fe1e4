import Dist
import Kernels

/// The versions of the program and of everything that decides the bits of its results, in this process.
package struct Versions: Sendable, Codable, Equatable {
  /// The program's release.
  package let program: String
  /// The commit that it was built from, with `-modified` if sources differed from it; nil if that is not known.
  package let commit: String?
  /// The compiler's version; nil if that is not known.
  package let swift: String?
  /// The library's name and version, `Open MPI v4.1.4` for example.
  package let mpi: String
  /// OpenBLAS's version.
  package let openBLAS: String
  /// The CPU type whose kernels OpenBLAS chose, `Haswell` for example.
  package let openBLASKernels: String
  /// oneDNN's version.
  package let oneDNN: String
  /// The widest instruction set that oneDNN uses here, `AVX2` for example.
  package let oneDNNInstructions: String
  /// The engine of fp32 products that `--engine auto` means here; nil in files of programs that knew no choice.
  package let engine: ProductEngine?

  /// The versions of the libraries in this process, with those of the program. No MPI call needs to precede it.
  ///
  /// - Parameters:
  ///   - commit: empty if it is not known
  ///   - swift: empty if it is not known
  package init(program: String, commit: String, swift: String) {
    self.program = program
    self.commit = commit.isEmpty ? nil : commit
    self.swift = swift.isEmpty ? nil : swift
    mpi = MPI.libraryVersion
    openBLAS = MathLibraries.openBLASVersion
    openBLASKernels = MathLibraries.openBLASKernels
    oneDNN = MathLibraries.oneDNNVersion
    oneDNNInstructions = MathLibraries.oneDNNInstructions
    engine = .automatic(for: .fp32)
  }

  /// The program, then each library.
  private var parts: [String] {
    [
      "gpt1-dist \(program) (commit \(commit ?? "unknown"))",
      "Swift \(swift ?? "unknown")",
      mpi,
      "OpenBLAS \(openBLAS) with kernels for \(openBLASKernels)",
      "oneDNN \(oneDNN) with \(oneDNNInstructions)",
    ] + (engine.map { ["engine of fp32 matrix products: \($0.rawValue)"] } ?? [])
  }

  /// A line for each part.
  package var description: String { parts.joined(separator: "\n") }

  /// All parts on one line.
  package var line: String { parts.joined(separator: ", ") }
}
