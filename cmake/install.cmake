# The installed tree. Nothing in it says where it was installed: it may be moved as a whole.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pirn)
configure_package_config_file(cmake/pirn-config.cmake.in ${PROJECT_BINARY_DIR}/package/pirn-config.cmake
    INSTALL_DESTINATION ${package_dir}
    PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatibility SameMinorVersion)
else()
    set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/pirn-config-version.cmake COMPATIBILITY ${compatibility})

# A folder that was given as an absolute path is outside the prefix, and stays what it is.
foreach(name libdir includedir)
    string(TOUPPER ${name} option)
    if(IS_ABSOLUTE ${CMAKE_INSTALL_${option}})
        set(pc_${name} ${CMAKE_INSTALL_${option}})
    else()
        set(pc_${name} \${prefix}/${CMAKE_INSTALL_${option}})
    endif()
endforeach()
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
    file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
    string(REGEX REPLACE "/$" "" pc_prefix \${pcfiledir}/${up})
endif()
string(REPLACE ";" " " pc_native_libs "${PIRN_NATIVE_LIBS}")
configure_file(cmake/pirn.pc.in ${PROJECT_BINARY_DIR}/package/pirn.pc @ONLY)

install(PROGRAMS
    ${PIRN_LIB_DIR}/libpirn.so.${PROJECT_VERSION} ${PIRN_LIB_DIR}/${PIRN_SONAME} ${PIRN_LIB_DIR}/libpirn.so
    DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${PIRN_LIB_DIR}/libpirn.a DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(PIRN_ANNOTATED)
    install(PROGRAMS
        ${PIRN_ANNOTATED_DIR}/libpirn.so.${PROJECT_VERSION} ${PIRN_ANNOTATED_DIR}/${PIRN_SONAME} ${PIRN_ANNOTATED_DIR}/libpirn.so
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pirn-annotated)
    install(FILES ${PIRN_ANNOTATED_DIR}/libpirn.a DESTINATION ${CMAKE_INSTALL_LIBDIR}/pirn-annotated)
    install(FILES c-tests/sanitize/helgrind.supp DESTINATION ${CMAKE_INSTALL_DATADIR}/pirn)
endif()
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES
    ${PROJECT_BINARY_DIR}/package/pirn-config.cmake
    ${PROJECT_BINARY_DIR}/package/pirn-config-version.cmake
    ${pirn_targets}
    DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/package/pirn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE-MIT LICENSE-APACHE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(pirn_man_dir)
    install(DIRECTORY ${pirn_man_dir}/ DESTINATION ${CMAKE_INSTALL_MANDIR})
endif()
