import Configuration
import Storage

extension RunConfig {
  /// The files that a run of this configuration reads or continues to write.
  public var inputFiles: [String] {
    let material =
      if let task = self.task {
        InputFiles.task(task, data: self.data) + (self.tokenizer.map(InputFiles.files) ?? [])
      } else {
        InputFiles.files(in: self.data)
          + (self.evaluateTasks ?? "").split(separator: ",").flatMap {
            InputFiles.task(String($0), data: self.tasksData ?? "")
          }
      }
    return material + (self.resume.folder.map(InputFiles.files) ?? [])
      + (self.from.map(InputFiles.model) ?? [])
      + InputFiles.model(self.out)
  }
}
