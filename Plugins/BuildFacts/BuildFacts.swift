import Foundation
import PackagePlugin

/// Generates `enum BuildFacts` with the commit and the Swift version that a target is built from.
///
/// It is a build command with all sources and the log of HEAD as inputs, so that the commit is never that of an earlier build: SwiftPM caches
/// the manifest, and a prebuild command runs only when the build is planned anew.
@main struct BuildFacts: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let root = context.package.directoryURL
    let script = root.appending(path: "Plugins/BuildFacts/generate")
    let output = context.pluginWorkDirectoryURL.appending(path: "BuildFacts.swift")
    let sources = context.package.targets.compactMap { ($0 as? SourceModuleTarget)?.sourceFiles }
      .joined().map(\.url).filter { $0.path.hasPrefix(root.appending(path: "Sources").path) }
    let manifest = root.appending(path: "Package.swift")
    let log = gitFolder(root).appending(path: "logs/HEAD")
    let hasLog = FileManager.default.fileExists(atPath: log.path)
    let environment = ProcessInfo.processInfo.environment
    return [
      .buildCommand(
        displayName: "Noting commit and Swift version", executable: URL(filePath: "/bin/sh"),
        arguments: [
          script.path, root.path, try context.tool(named: "swiftc").url.path, output.path,
        ],
        environment: environment.filter { ["PATH", "HOME"].contains($0.key) },
        inputFiles: sources + [script, manifest] + (hasLog ? [log] : []), outputFiles: [output])
    ]
  }

  /// The folder with HEAD of the repository at `root`; in a linked work tree `.git` is a file that names it.
  private func gitFolder(_ root: URL) -> URL {
    let path = root.appending(path: ".git")
    guard let text = try? String(contentsOf: path, encoding: .utf8), text.hasPrefix("gitdir: ")
    else { return path }
    let folder = text.dropFirst("gitdir: ".count).trimmingCharacters(in: .newlines)
    return URL(filePath: folder, relativeTo: root)
  }
}
