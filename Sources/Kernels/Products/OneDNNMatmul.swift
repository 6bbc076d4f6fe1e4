import Buffers
import COneDNN

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Matrix products by oneDNN, in the calling thread.
///
/// oneDNN compiles code for every shape of product; the first of a shape takes about a millisecond, all others find it here.
@safe
package final class OneDNNMatmul {
  /// The element type of the factors; results are always fp32. With fp32 the code around oneDNN can be tested on any CPU.
  package enum Element {
    case fp32, bf16

    var type: dnnl_data_type_t {
      switch self {
      case .fp32: dnnl_f32
      case .bf16: dnnl_bf16
      }
    }
  }

  /// A factor as it lies in memory, and whether it is read by columns.
  @safe
  package struct Operand {
    let base: UnsafeMutableRawPointer
    let rows, columns, stride: Int
    let transposed: Bool

    package init(_ matrix: BFloat16Matrix, transposed: Bool) {
      unsafe base = UnsafeMutableRawPointer(matrix.base)
      (rows, columns, stride) = (matrix.rows, matrix.columns, matrix.stride)
      self.transposed = transposed
    }

    package init(_ matrix: Matrix, transposed: Bool) {
      unsafe base = UnsafeMutableRawPointer(matrix.base)
      (rows, columns, stride) = (matrix.rows, matrix.columns, matrix.stride)
      self.transposed = transposed
    }
  }

  private let element: Element
  private let engine: dnnl_engine_t
  private let stream: dnnl_stream_t
  private var compiled: [Shape: Compiled] = [:]
  private var scratch: UnsafeMutableRawPointer
  private var scratchBytes = 0

  /// Shapes whose code is kept at most, which batches of many lengths would exceed.
  private static let mostCompiled = 1_024

  /// All that oneDNN's code depends on.
  private struct Shape: Hashable {
    let m, n, k, strideA, strideB, strideC: Int
    let transposeA, transposeB, adding, bias: Bool
    let alpha: Float
  }

  @safe
  private struct Compiled {
    let primitive: dnnl_primitive_t
    let a, b, c, scratch: dnnl_memory_t
    let bias: dnnl_memory_t?
  }

  /// True if this machine multiplies in bf16: it has AVX512_BF16 or AMX.
  static var supportsBFloat16: Bool {
    let needed = dnnl_cpu_isa_avx512_core_bf16.rawValue
    return dnnl_get_effective_cpu_isa().rawValue & needed == needed
  }

  /// The products of one thread at a time.
  package init(_ element: Element) {
    self.element = element
    var engine: dnnl_engine_t?
    var stream: dnnl_stream_t?
    unsafe OneDNN.check(dnnl_engine_create(&engine, dnnl_cpu, 0))
    unsafe OneDNN.check(
      dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue))
    guard let engine = unsafe engine, let stream = unsafe stream else {
      preconditionFailure("oneDNN gave no engine")
    }
    unsafe self.engine = engine
    unsafe self.stream = stream
    unsafe scratch = OneDNNMatmul.allocate(64)
  }

  deinit {
    forgetCompiled()
    unsafe dnnl_stream_destroy(stream)
    unsafe dnnl_engine_destroy(engine)
    unsafe free(scratch)
  }

  private func forgetCompiled() {
    for entry in compiled.values {
      unsafe dnnl_primitive_destroy(entry.primitive)
      unsafe [entry.a, entry.b, entry.c, entry.scratch, entry.bias].forEach {
        unsafe dnnl_memory_destroy($0)
      }
    }
    compiled = [:]
  }

  /// C = α·op(A)·op(B), plus C or a bias for every row.
  ///
  /// - Parameters:
  ///   - a: op(A) is (M, K)
  ///   - b: op(B) is (K, N)
  ///   - adding: whether C is added to; without a bias then
  ///   - bias: (N)
  ///   - c: (M, N)
  package func multiply(
    _ a: Operand, _ b: Operand, alpha: Float, adding: Bool, bias: Vector?, into c: Matrix
  ) {
    let shape = Shape(
      m: c.rows, n: c.columns, k: a.transposed ? a.rows : a.columns,
      strideA: a.stride, strideB: b.stride, strideC: c.stride,
      transposeA: a.transposed, transposeB: b.transposed, adding: adding,
      bias: bias != nil, alpha: alpha)
    OneDNN.useCallingThread()
    if compiled.count > OneDNNMatmul.mostCompiled { forgetCompiled() }
    let code = compiled[shape] ?? compile(shape)
    unsafe dnnl_memory_set_data_handle(code.a, a.base)
    unsafe dnnl_memory_set_data_handle(code.b, b.base)
    unsafe dnnl_memory_set_data_handle(code.c, c.base)
    unsafe dnnl_memory_set_data_handle(code.scratch, scratch)
    if let bias { unsafe dnnl_memory_set_data_handle(code.bias, bias.base) }
    unsafe withUnsafeTemporaryAllocation(of: dnnl_exec_arg_t.self, capacity: 5) { arguments in
      unsafe arguments[0] = dnnl_exec_arg_t(arg: DNNL_ARG_SRC_0, memory: code.a)
      unsafe arguments[1] = dnnl_exec_arg_t(arg: DNNL_ARG_WEIGHTS_0, memory: code.b)
      unsafe arguments[2] = dnnl_exec_arg_t(arg: DNNL_ARG_DST_0, memory: code.c)
      unsafe arguments[3] = dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: code.scratch)
      unsafe arguments[4] = dnnl_exec_arg_t(arg: DNNL_ARG_BIAS, memory: code.bias)
      unsafe OneDNN.check(
        dnnl_primitive_execute(
          code.primitive, stream, bias == nil ? 4 : 5, arguments.baseAddress))
    }
  }

  private func compile(_ shape: Shape) -> Compiled {
    func describe(
      _ rows: Int, _ columns: Int, _ stride: Int, transposed: Bool, _ type: dnnl_data_type_t
    ) -> dnnl_memory_desc_t {
      var description = dnnl_memory_desc_t()
      let strides = transposed ? [1, Int64(stride)] : [Int64(stride), 1]
      unsafe OneDNN.check(
        dnnl_memory_desc_init_by_strides(
          &description, 2, [Int64(rows), Int64(columns)], type, strides))
      return description
    }
    var a = describe(
      shape.m, shape.k, shape.strideA, transposed: shape.transposeA, element.type)
    var b = describe(
      shape.k, shape.n, shape.strideB, transposed: shape.transposeB, element.type)
    var c = describe(shape.m, shape.n, shape.strideC, transposed: false, dnnl_f32)
    var bias = describe(1, shape.n, shape.n, transposed: false, dnnl_f32)

    var attributes: dnnl_primitive_attr_t?
    unsafe OneDNN.check(dnnl_primitive_attr_create(&attributes))
    unsafe OneDNN.check(
      dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user))
    if shape.alpha != 1 {
      unsafe OneDNN.check(
        dnnl_primitive_attr_set_output_scales(attributes, 1, 0, [shape.alpha]))
    }
    if shape.adding {
      var after: dnnl_post_ops_t?
      unsafe OneDNN.check(dnnl_post_ops_create(&after))
      unsafe OneDNN.check(dnnl_post_ops_append_sum(after, 1))
      unsafe OneDNN.check(dnnl_primitive_attr_set_post_ops(attributes, after))
      unsafe dnnl_post_ops_destroy(after)
    }
    var product = dnnl_matmul_desc_t()
    if shape.bias {
      unsafe OneDNN.check(dnnl_matmul_desc_init(&product, &a, &b, &bias, &c))
    } else {
      unsafe OneDNN.check(dnnl_matmul_desc_init(&product, &a, &b, nil, &c))
    }
    var description: dnnl_primitive_desc_t?
    unsafe OneDNN.check(
      dnnl_primitive_desc_create(&description, &product, attributes, engine, nil))
    var primitive: dnnl_primitive_t?
    unsafe OneDNN.check(dnnl_primitive_create(&primitive, description))
    guard
      let room = unsafe dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0),
      let primitive = unsafe primitive
    else { preconditionFailure("oneDNN gave no primitive") }
    reserve(unsafe dnnl_memory_desc_get_size(room))

    func memory(_ description: UnsafePointer<dnnl_memory_desc_t>) -> dnnl_memory_t {
      var memory: dnnl_memory_t?
      unsafe OneDNN.check(dnnl_memory_create(&memory, description, engine, nil))
      guard let memory = unsafe memory else { preconditionFailure("oneDNN gave no memory") }
      return unsafe memory
    }
    let code = unsafe Compiled(
      primitive: primitive, a: memory(&a), b: memory(&b), c: memory(&c), scratch: memory(room),
      bias: shape.bias ? memory(&bias) : nil)
    unsafe dnnl_primitive_desc_destroy(description)
    unsafe dnnl_primitive_attr_destroy(attributes)
    compiled[shape] = code
    return code
  }

  private func reserve(_ bytes: Int) {
    guard bytes > scratchBytes else { return }
    unsafe free(scratch)
    unsafe scratch = OneDNNMatmul.allocate(bytes)
    scratchBytes = bytes
  }

  private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    var memory: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&memory, 4_096, bytes) == 0, let memory = unsafe memory else {
      Refusal.memory(bytes, for: "oneDNN's workspace")
    }
    return unsafe memory
  }
}
