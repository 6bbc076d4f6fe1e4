import CMPI

/// The place of a rank among the nodes of the job. Ranks that can share memory are on one node.
public struct NodeTopology: Sendable, Equatable {
  /// This rank among the ranks of its node, from 0 in the order of the ranks.
  public let rankOnNode: Int

  /// The number of ranks on this node.
  public let ranksOnNode: Int

  /// This node among the nodes, from 0 in the order of their lowest ranks.
  public let node: Int

  /// The number of nodes.
  public let nodes: Int

  /// Collective. MPI 3.1 §6.4.2 (`MPI_Comm_split_type`).
  init(rank: Int, size: Int, world: MPI_Comm) throws(MPIError) {
    var local = unsafe cmpi_comm_null()
    try check("MPI_Comm_split_type") {
      unsafe MPI_Comm_split_type(
        world, cmpi_comm_type_shared(), Int32(rank), cmpi_info_null(), &local)
    }
    var (localRank, localSize, lowest) = (Int32(0), Int32(0), Int32(rank))
    try check("MPI_Comm_rank") { unsafe MPI_Comm_rank(local, &localRank) }
    try check("MPI_Comm_size") { unsafe MPI_Comm_size(local, &localSize) }
    try check("MPI_Bcast") { unsafe MPI_Bcast(&lowest, 1, cmpi_int32(), 0, local) }
    try check("MPI_Comm_free") { unsafe MPI_Comm_free(&local) }

    var lowestOfEach = [Int32](repeating: 0, count: size)
    try check("MPI_Allgather") {
      unsafe MPI_Allgather(&lowest, 1, cmpi_int32(), &lowestOfEach, 1, cmpi_int32(), world)
    }
    let firsts = Set(lowestOfEach)
    rankOnNode = Int(localRank)
    ranksOnNode = Int(localSize)
    node = firsts.count { $0 < lowest }
    nodes = firsts.count
  }
}
