# lockstep_isa_sources(TARGET a_isa.cpp ...): compiles each source once per instruction set, in a namespace of its own, and
# adds the objects to TARGET. Such a source and what it includes keeps all its code in lockstep::kernels::cpu::<isa>, so
# that no function built for one instruction set is ever linked into the path of another.
set(isa_flags_scalar)
set(isa_flags_avx2 -mavx2 -mfma)
set(isa_flags_avx512f -mavx2 -mfma -mavx512f -mavx512bw -mavx512vl -mavx512dq -mprefer-vector-width=512)
set(isa_flags_avx512bf16 ${isa_flags_avx512f} -mavx512bf16)
function(lockstep_isa_sources target)
  foreach(isa scalar avx2 avx512f avx512bf16)
    set(objects ${target}_${isa})
    if(NOT TARGET ${objects})
      add_library(${objects} OBJECT)
      lockstep_flags(${objects})
      target_compile_definitions(${objects} PRIVATE LOCKSTEP_ISA_NAMESPACE=${isa})
      # Optimised in every build type: templates of the standard library must be inlined, not shared between sets.
      target_compile_options(${objects} PRIVATE ${isa_flags_${isa}} -O3 -fno-math-errno
                             -Wno-uninitialized -Wno-maybe-uninitialized)  # g++ 12 warns inside its own AVX-512 headers
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    endif()
    target_sources(${objects} PRIVATE ${ARGN})
  endforeach()
endfunction()
